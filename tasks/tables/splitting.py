"""Which rows are held out of training, decided by their content."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.schema import kind_of, numbers, plain

#: Multiplier of a 64-bit mixing step, from the finaliser of MurmurHash3 (Appleby).
_MIX: Final = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT: Final = np.uint64(32)
#: A class with so many rows has one in the holdout.
_ENOUGH: Final = 5

Hashes = npt.NDArray[np.uint64]


def split(
    table: pa.Table, fraction: float, *, target: str | None = None, classes: bool = False
) -> tuple[pa.Table, pa.Table]:
    """(train, holdout): about `fraction` of the rows are held out, at least one of each side.

    The side depends on the row's content alone, so that data which grows keeps its holdout, and equal rows are on the
    same side. Few rows are moved from that: in train stays a row of each class (if `classes`, of `target`) and a row
    in which each column is missing that is missing anywhere; the holdout has one of each class of 5 rows or more.
    """
    hashes = row_hashes(table)
    held = hashes < np.uint64(min(int(fraction * 2**64), 2**64 - 1))
    groups = _classes(table.column(target)) if classes and target is not None else []
    for rows in groups:
        if len(rows) >= _ENOUGH:
            _keep(held, rows, hashes, side=True)
    everything = np.arange(table.num_rows)
    _keep(held, everything, hashes, side=True)
    for rows in [*groups, *_missing(table), everything]:
        _keep(held, rows, hashes, side=False)
    return table.filter(pa.array(~held)), table.filter(pa.array(held))


def row_hashes(table: pa.Table) -> Hashes:
    """64 bits a row, from its values in order. Numbers count by value, text by its bytes, all missing values alike."""
    hashes = np.zeros(table.num_rows, dtype=np.uint64)
    for column in table.itercolumns():
        hashes ^= _value_bits(plain(column))
        for _ in range(2):
            hashes *= _MIX
            hashes ^= hashes >> _SHIFT
    return hashes


def _keep(held: npt.NDArray[np.bool_], rows: npt.NDArray[np.intp], hashes: Hashes, *, side: bool) -> None:
    """If none of these rows is on the side, move the one that was nearest to it, unless it is the last of its side."""
    if len(rows) and not (held[rows] == side).any() and (len(rows) > 1 or (held != side).sum() > 1):
        nearest = hashes[rows].argmin() if side else hashes[rows].argmax()
        held[rows[nearest]] = side


def _classes(target: pa.ChunkedArray) -> list[npt.NDArray[np.intp]]:
    codes = np.asarray(pc.rank(plain(target), tiebreaker="min").to_numpy())
    return [np.flatnonzero(codes == code) for code in np.unique(codes)]


def _missing(table: pa.Table) -> list[npt.NDArray[np.intp]]:
    found = []
    for column in table.itercolumns():
        values = plain(column)
        if kind_of(values) == "number":
            found.append(np.flatnonzero(np.isnan(numbers(values))))
        elif values.null_count:
            found.append(np.flatnonzero(np.asarray(values.is_null().to_numpy(), dtype=bool)))
    return [rows for rows in found if len(rows)]


def _value_bits(values: pa.ChunkedArray) -> Hashes:
    kind = kind_of(values)
    if kind in ("number", "boolean"):
        array = numbers(values.cast(pa.float64()) if kind == "boolean" else values) + 0.0  # -0.0 becomes 0.0
        array[np.isnan(array)] = np.nan
        bits: Hashes = array.view(np.uint64)
        return bits
    if kind != "category":
        return np.zeros(len(values), dtype=np.uint64)
    distinct = pc.unique(values).drop_null()
    found = np.array([_text_bits(text) for text in distinct.to_pylist()] + [0], dtype=np.uint64)
    codes = pc.fill_null(pc.index_in(values, value_set=distinct), len(distinct))
    hashes: Hashes = found[np.asarray(codes.to_numpy())]
    return hashes


def _text_bits(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
