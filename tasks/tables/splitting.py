"""Which rows are held out of training."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables import quotas
from tasks.tables.row_hashes import row_hashes
from tasks.tables.schema import kind_of, numbers, plain
from tasks.tables.sides import Counts, Kinds, Sides


@dataclass(frozen=True, slots=True)
class Split:
    """A table in two, each in the order of the table, and which rows are on which side."""

    train: pa.Table
    holdout: pa.Table
    sides: Sides


def split(
    table: pa.Table, fraction: float, *, target: str | None = None, classes: bool = False, known: Sides | None = None
) -> Split:
    """Hold out a fraction of the rows: of each class (if `classes`, of `target`), or else of all, to 1 row.

    Which rows those are depends on what the table holds, in no way on its order. Equal rows are split like all rows.
    A row that `known` has keeps its side, if the same fraction was asked for; new ones fill up. What comes before the
    share: in train is a row of each class, and one in which each column is missing that is missing anywhere; equal
    rows whose share of a side is a row or more have one on it; the table, and classes of 5 rows, have one held out.
    """
    kinds = Kinds.of(row_hashes(table, target))
    codes = _codes(table.column(target)) if classes and target is not None else np.zeros(table.num_rows, np.int16)
    missing = [mask[kinds.rows] for mask in _missing(table)]
    none = np.zeros(len(kinds.hashes), dtype=np.int64)
    held = none
    if known is not None and known.fraction in (None, fraction):
        held = _deal(kinds, codes[kinds.rows], missing, fraction=fraction, before=known.find(kinds.hashes))
    if not held.any():
        held = _deal(kinds, codes[kinds.rows], missing, fraction=fraction, before=(none, none))
    mask = kinds.first(held)
    sides = Sides(kinds.hashes, kinds.counts - held, held, fraction)
    return Split(table.filter(pa.array(~mask)), table.filter(pa.array(mask)), sides)


def _deal(
    kinds: Kinds,
    codes: npt.NDArray[np.int16],
    missing: list[npt.NDArray[np.bool_]],
    *,
    fraction: float,
    before: tuple[Counts, Counts],
) -> Counts:
    """How many rows of each kind are held out. `before`: how many were in train and in the holdout."""
    order = quotas.dealing_order(kinds.hashes, kinds.counts, codes, fraction)
    counts = kinds.counts[order]
    bounds = quotas.keeping(counts, *(side[order] for side in before))
    for mask in missing:
        quotas.pin(bounds, counts, np.flatnonzero(mask[order]))
    starts = np.searchsorted(codes[order], np.arange(codes.max() + 1))
    quotas.pin_classes(bounds, counts, starts)
    of_classes = quotas.class_quotas(np.add.reduceat(counts, starts), fraction)
    held = np.empty_like(counts)
    held[order] = quotas.fill(counts, starts, bounds, quotas=of_classes, fraction=fraction)
    return held


def _codes(target: pa.ChunkedArray) -> npt.NDArray[np.int16]:
    """The number of each value among the values that there are, sorted."""
    coded = plain(target).combine_chunks().dictionary_encode()
    values = coded.dictionary.to_pylist()
    places: npt.NDArray[np.int16] = np.empty(len(values), dtype=np.int16)
    places[sorted(range(len(values)), key=values.__getitem__)] = np.arange(len(values), dtype=np.int16)
    return np.asarray(places[coded.indices.to_numpy()])


def _missing(table: pa.Table) -> list[npt.NDArray[np.bool_]]:
    """Of each column that is missing somewhere, in which rows."""
    found = []
    for column in table.itercolumns():
        if not pa.types.is_dictionary(column.type) and kind_of(plain(column)) == "number":
            found.append(np.isnan(numbers(plain(column))))
        elif column.null_count:
            found.append(np.asarray(column.is_null().to_numpy(), dtype=bool))
    return [mask for mask in found if mask.any()]
