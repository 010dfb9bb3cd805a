"""What a column of a type of Arrow's holds."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from tasks.tables.columns import ColumnType

#: Texts of which it is known that they are categories.
CATEGORY: Final = pa.dictionary(pa.int32(), pa.string())
_NUMBERS: Final = frozenset({pa.float64().id, pa.int64().id})


def type_of(kind: pa.DataType) -> ColumnType | None:
    """The type of a column of a schema or a plan that such values are; text counts as a category. None for nulls, and
    for what nothing learns from."""
    if kind.id in _NUMBERS or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
        return "category"
    return "date" if pa.types.is_timestamp(kind) or pa.types.is_date(kind) else None
