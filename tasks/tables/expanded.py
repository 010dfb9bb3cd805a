"""How large columns become whose values are written once and referred to often."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.bounds import CELL_BYTES, Bounds

#: The numbers of 32 bits in a view of a text, of which the first is its length.
_VIEW = 4


def check_expanded(table: pa.Table, bounds: Bounds) -> None:
    """Raise BodyTooLarge for a table whose plain columns (`tasks.tables.schema.plain`) are larger than `bounds`."""
    bounds.check(rows=table.num_rows, columns=table.num_columns)
    taken = 0
    for column in table.itercolumns():
        kind = column.type
        written_once = (
            pa.types.is_dictionary(kind) or pa.types.is_string_view(kind) or pa.types.is_run_end_encoded(kind)
        )
        for chunk in column.chunks if written_once else ():
            taken += _size(chunk)
            bounds.check_bytes(taken)


def _size(values: Any) -> int:
    """The bytes of the values, each written out."""
    if pa.types.is_run_end_encoded(values.type):
        ends = np.asarray(values.run_ends.to_numpy(), dtype=np.int64)
        runs = np.diff(np.minimum(ends, values.offset + len(values)), prepend=0)
        return int((_lengths(values.values) * runs).sum()) + len(values) * CELL_BYTES
    if not pa.types.is_dictionary(values.type):
        return int(_lengths(values).sum(dtype=np.int64)) + len(values) * CELL_BYTES
    lengths = _lengths(values.dictionary)
    used = np.asarray(pc.fill_null(values.indices, 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    return (int(lengths[used].sum()) if len(lengths) else 0) + len(values) * CELL_BYTES


def _lengths(values: pa.Array) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The bytes of each text. Of other values 0: they are small."""
    kind = values.type
    if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
        views = np.frombuffer(values.buffers()[1], np.int32).reshape(-1, _VIEW)
        return views[values.offset : values.offset + len(values), 0].astype(np.int64)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind):
        return np.asarray(pc.fill_null(pc.binary_length(values), 0).to_numpy(zero_copy_only=False), dtype=np.int64)
    return np.zeros(len(values), dtype=np.int64)
