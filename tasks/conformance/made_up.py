"""Rows of a schema for which there is no table."""

from __future__ import annotations

import datetime
from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.tables.columns import Column, Schema
from tasks.tables.row_reader import RowReader

#: How many.
ROWS: Final = 20
#: The first date.
FIRST: Final = datetime.date(2024, 1, 1)


def made_up(schema: Schema) -> pa.Table:
    """Rows that are all different, conformed. Raises InvalidRows if the schema takes no such values."""
    reader = RowReader(schema)
    rows = [{column.name: _value(column, place) for column in schema.columns} for place in range(ROWS)]
    return reader.table([reader.read(msgspec.json.encode({"rows": rows}))])


def _value(column: Column, place: int) -> Any:
    if column.type == "number":
        return place % 2 if column.zero_one else place + 1
    if column.type == "boolean":
        return bool(place % 2)
    if column.type == "date":
        return (FIRST + datetime.timedelta(days=place)).isoformat()
    return column.categories[place % len(column.categories)] if column.categories else f"word {place}"
