"""What a column's values are, and where they are missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.columns import ColumnType


def type_of(kind: pa.DataType) -> ColumnType | None:
    """What a typed column holds; text counts as a category. None for a column of nulls or of a type that nothing learns
    from."""
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return "category"
    return "date" if pa.types.is_timestamp(kind) else None


def missing(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """In which rows there is no value: null, or NaN."""
    if pa.types.is_floating(values.type):
        return np.asarray(np.isnan(values.to_numpy()), dtype=bool)
    if not values.null_count:
        return np.zeros(len(values), dtype=bool)
    return np.asarray(values.is_null().to_numpy(), dtype=bool)
