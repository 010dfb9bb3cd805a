"""Tables that are made to fit a schema."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.errors import InvalidRows
from tasks.tables.arrow_kinds import CATEGORY, type_of
from tasks.tables.checks import BELONGS, LARGEST, MISSING, NO_DATE, columns_fault, mismatch, number_fault, row_error
from tasks.tables.columns import Column, ColumnType, Schema
from tasks.tables.value_types.dates import parse
from tasks.tables.value_types.many_columns import within

#: The Arrow type of the target, by the type of its classes; of a regression's target for "none".
_TARGETS: Final = {
    "string": pa.string(),
    "integer": pa.int64(),
    "float": pa.float64(),
    "boolean": pa.bool_(),
    "none": pa.float64(),
}
#: What a plain column holds, in words, by `kind_of`.
KINDS: Final = {"number": "a number", "boolean": "true or false", "category": "text", "date": "a date"}
#: The Arrow type of a conformed column.
_FEATURES: Final[dict[ColumnType, pa.DataType]] = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "category": CATEGORY,
    "text": pa.string(),
    "date": pa.timestamp("us"),
}

#: The types that most columns have and that are plain, told at once.
_PLAIN: Final = frozenset({pa.float64().id, pa.int64().id, pa.bool_().id, pa.string().id})


def arrow_type(column: Column) -> pa.DataType:
    """The Arrow type of a conformed column: float64, bool, dictionary of string with int32 indices, string, or
    timestamp[us] without zone (UTC where the values have one)."""
    return _FEATURES[column.type]


def plain_type(column: Column) -> pa.DataType:
    """The Arrow type of a feature's values before they are coded: that of a conformed column, string for categories."""
    return pa.string() if column.type == "category" else arrow_type(column)


def arrow_schema(schema: Schema) -> pa.Schema:
    """The Arrow schema of a conformed table of features."""
    return pa.schema([(column.name, arrow_type(column)) for column in schema.columns])


def target_type(schema: Schema) -> pa.DataType:
    """The Arrow type of the target, and of predictions."""
    return _TARGETS[schema.class_type]


def class_indices(values: pa.ChunkedArray, schema: Schema) -> npt.NDArray[np.int64]:
    """The index of each target value in `schema.classes`; -1 for a value that is no class."""
    found = pc.index_in(values.cast(target_type(schema)), value_set=pa.array(schema.classes, target_type(schema)))
    return np.asarray(pc.fill_null(found, -1).to_numpy(), dtype=np.int64)


def conform(table: pa.Table, schema: Schema) -> pa.Table:
    """The features of an estimate, in the schema's order and types (`arrow_schema`); NaN is a missing number.

    A category that training did not know counts as missing. Raises InvalidRows, which names the columns that are
    missing or not known, or the first row and column with a value that does not fit. Rows are counted from 0.
    """
    if fault := columns_fault(table.column_names, schema.names, schema.target):
        raise InvalidRows(fault).at("/rows")
    if not table.num_rows:
        raise InvalidRows("there are no rows; give at least one").at("/rows")
    return _features(table, schema)


def missing_anywhere(schema: Schema) -> Schema:
    """The schema for rows that were held out of training: what that never missed may be missing in them."""
    columns = [msgspec.structs.replace(column, nullable=True) for column in schema.columns]
    return msgspec.structs.replace(schema, columns=columns)


def conform_training(table: pa.Table, schema: Schema) -> pa.Table:
    """The table that `schema` was inferred from: its features as `conform` makes them, then the target."""
    features = _features(table, schema)
    return features.append_column(
        schema.target, plain(table.column(schema.target)).cast(target_type(schema), safe=schema.class_type != "none")
    )


def conform_features(table: pa.Table, schema: Schema) -> pa.Table:
    """The features of a table that `schema` was inferred from, as `conform` makes them; it may have other columns."""
    return _features(table, schema)


def plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column without a dictionary, with 64-bit floats for decimals and `string` for every type of text."""
    kind = values.type
    if kind.id in _PLAIN:
        return values
    if pa.types.is_dictionary(kind):
        return plain(values.cast(kind.value_type))
    if pa.types.is_decimal(kind):
        return values.cast(pa.float64())
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return values.cast(pa.timestamp("us"), safe=False)
    return values


def kind_of(values: pa.ChunkedArray) -> ColumnType | Literal["null"] | None:
    """What a plain column holds; None if it is nothing that a model can learn from."""
    return "null" if pa.types.is_null(values.type) else type_of(values.type)


def numbers(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """A plain column of numbers as float64, NaN where it is null. No copy if it is float64 in one chunk."""
    return np.asarray(values.to_numpy(), dtype=np.float64)


def encode(values: pa.ChunkedArray, categories: pa.Array) -> pa.ChunkedArray:
    """Plain text as a dictionary of exactly these categories; null for others."""
    found = pc.index_in(values, value_set=categories, skip_nulls=True)
    parts = [pa.DictionaryArray.from_arrays(chunk, categories) for chunk in found.chunks]
    return pa.chunked_array(parts, CATEGORY)


def _features(table: pa.Table, schema: Schema) -> pa.Table:
    # Of a table of many columns most are as they are to be.
    sound = within(table, LARGEST)
    names = {name for place, name in enumerate(table.column_names) if place in sound} if sound else set()
    parts = [
        table.column(column.name)
        if column.type == "number" and column.name in names
        else _column(plain(table.column(column.name)), column)
        for column in schema.columns
    ]
    return pa.Table.from_arrays(parts, schema=arrow_schema(schema))


def _column(values: pa.ChunkedArray, column: Column) -> Any:
    kind = kind_of(values)
    if kind == "null":
        values = pa.chunked_array([pa.nulls(len(values), plain_type(column))])
    elif kind == "category" and column.type == "date":
        values = _dates(values, column)
    elif kind != ("category" if column.type == "text" else column.type):
        raise _mistyped(values, kind, column)
    if column.type == "number":
        array = numbers(values)
        if fault := number_fault(array, nullable=column.nullable):
            raise row_error(fault[0], column.name, fault[1])
        return pa.array(array)
    if values.null_count and not column.nullable:
        raise row_error(pc.index(values.is_null(), True).as_py(), column.name, MISSING)
    return encode(values, pa.array(column.categories, pa.string())) if column.type == "category" else values


def _dates(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    found = pa.chunked_array([parse(values.combine_chunks())])
    if found.null_count > values.null_count:
        row = pc.index(pc.and_(found.is_null(), values.is_valid()), True).as_py()
        raise row_error(row, column.name, NO_DATE)
    return found


def _mistyped(values: pa.ChunkedArray, kind: str | None, column: Column) -> InvalidRows:
    if kind is None:
        return InvalidRows(f"column {column.name!r} is {values.type} where {BELONGS[column.type]} belongs").at("/rows")
    row = first_text(values) if kind == "category" and column.type == "number" else 0
    return row_error(row, column.name, mismatch(KINDS[kind], column))


def first_text(values: pa.ChunkedArray) -> int:
    """The first row of a text column that is no number in writing; the first that is not null if all are numbers."""
    present = [(row, text) for row, text in enumerate(values.to_pylist()) if text is not None]
    return next((row for row, text in present if not _numeric(text)), present[0][0] if present else 0)


def _numeric(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
