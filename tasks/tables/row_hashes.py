"""Which rows are equal, whatever wrote them."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.schema import kind_of, numbers, plain

#: Multipliers and the shift of the 64-bit finaliser of MurmurHash3 (Appleby).
_MIX: Final = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
_SHIFT: Final = np.uint64(33)
#: Rows that are mixed at a time: they stay in the processor's cache meanwhile.
_BLOCK_ROWS: Final = 2**14
#: Columns of few rows that are looked at together.
_BLOCK_COLUMNS: Final = 1024
_FLOAT: Final = pa.float64().id
#: Bits of a row's hash. They are stored for each row: two of 1,000,000 rows have the same by chance in 1 of 500 tables.
HASH_BITS: Final = 48

#: Stands for a missing date: before all that 64 bits of microseconds have.
_NO_DATE: Final = -(2**63)

Hashes = npt.NDArray[np.uint64]


def row_hashes(table: pa.Table, target: str | None = None) -> Hashes:
    """A number below 2 ** `HASH_BITS` a row, from its values and their columns' names in any order, and which of them
    is the target. Numbers and dates count by value, text by its bytes, all missing values alike."""
    hashes = np.zeros(table.num_rows, dtype=np.uint64)
    keys = [_text_bits(f"{'target' if name == target else 'feature'}:{name}") for name in table.column_names]
    together = _short_floats(table)
    for start in range(0, len(together), _BLOCK_COLUMNS):
        places = together[start : start + _BLOCK_COLUMNS]
        matrix = _matrix_bits(table.select(places))
        matrix ^= np.array([keys[place] for place in places], dtype=np.uint64)[:, None]
        _mix(matrix.reshape(-1))
        hashes += matrix.sum(axis=0, dtype=np.uint64)
    for place in sorted(set(range(table.num_columns)).difference(together)):
        bits = _value_bits(table.column(place))
        bits ^= np.uint64(keys[place])
        _mix(bits)
        hashes += bits
    _mix(hashes)
    hashes >>= np.uint64(64 - HASH_BITS)
    return hashes


def _short_floats(table: pa.Table) -> list[int]:
    """The places of columns that are quicker looked at many at a time: each has few rows."""
    if not 0 < table.num_rows <= _BLOCK_ROWS:
        return []
    return [place for place, kind in enumerate(table.schema.types) if kind.id == _FLOAT]


def _matrix_bits(table: pa.Table) -> Hashes:
    """What `_value_bits` gives of each column, one below the other."""
    (batch,) = table.combine_chunks().to_batches()
    matrix = np.array(batch.to_tensor(null_to_nan=True, row_major=False).to_numpy().T, order="C")
    return _number_bits(matrix)


def _number_bits(array: npt.NDArray[np.float64]) -> Hashes:
    """The bits of numbers, which are the caller's to change: one pattern for each value, and one for none."""
    array += 0.0  # -0.0 becomes 0.0
    array[np.isnan(array)] = np.nan
    bits: Hashes = array.view(np.uint64)
    return bits


def _mix(bits: Hashes) -> None:
    for start in range(0, len(bits), _BLOCK_ROWS):
        block = bits[start : start + _BLOCK_ROWS]
        for multiplier in _MIX:
            block ^= block >> _SHIFT
            block *= multiplier
        block ^= block >> _SHIFT


def _value_bits(column: pa.ChunkedArray) -> Hashes:
    """A new array."""
    if pa.types.is_dictionary(column.type) and pa.types.is_string(column.type.value_type):
        return _coded_bits(column)
    values = plain(column)
    kind = kind_of(values)
    if kind in ("number", "boolean"):
        return _number_bits(numbers(values.cast(pa.float64()) if kind == "boolean" else values) + 0.0)
    if kind == "date":
        moments: Hashes = np.asarray(values.cast(pa.int64()).fill_null(_NO_DATE).to_numpy()).view(np.uint64).copy()
        return moments
    if kind != "category":
        return np.zeros(len(values), dtype=np.uint64)
    return _coded_bits(values.dictionary_encode())


def _coded_bits(column: pa.ChunkedArray) -> Hashes:
    parts = [np.zeros(0, dtype=np.uint64)]
    for chunk in column.chunks:
        found = np.array([_text_bits(text) for text in chunk.dictionary.to_pylist()] + [0], dtype=np.uint64)
        parts.append(found[np.asarray(chunk.indices.fill_null(len(found) - 1).to_numpy(zero_copy_only=False))])
    return np.concatenate(parts)


def _text_bits(text: str | None) -> int:
    if text is None:
        return 0
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
