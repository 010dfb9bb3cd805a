"""Estimate rows in JSON, read fast: one typed decoding a body, one table for many bodies."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Annotated, Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.errors import InvalidField, InvalidRequest, InvalidRows
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.checks import (
    LARGEST,
    NO_DATE,
    columns_fault,
    json_pointer,
    kind_of,
    listed,
    row_error,
    value_fault,
)
from tasks.tables.columns import Column, Schema
from tasks.tables.iso_dates import to_dates
from tasks.tables.json_size import check_size
from tasks.tables.reading.json_forms import document_of
from tasks.tables.schema import arrow_schema

_TYPES: Final[dict[str, Any]] = {
    "number": Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)],
    "boolean": bool,
    "category": str,
    "text": str,
    "date": str,
}
#: Characters that msgspec takes in no name of a field (findings/msgspec-names-with-quotes.sh).
_UNUSABLE: Final = re.compile(r'["\\\x00-\x1f]')


class Rows:
    """The checked rows of one body. `len()` is their number."""

    __slots__ = ("_columns", "_rows")

    def __init__(self, *, rows: Sequence[Sequence[Any]] | None = None, columns: Sequence[list[Any]] = ()) -> None:
        self._rows = rows
        self._columns = columns

    def __len__(self) -> int:
        return len(self._columns[0]) if self._rows is None else len(self._rows)

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """The values, row by row, in the schema's order."""
        if self._rows is None:
            self._rows = list(zip(*self._columns, strict=True))
        return self._rows

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """The values, column by column, in the schema's order."""
        return self._columns or list[Sequence[Any]](zip(*self.rows, strict=True))


class RowReader:
    """Reads `{"rows": [[...]]}`, `{"rows": [{...}]}` and `{"columns": {name: [...]}}` for one schema.

    Making one compiles a decoder, which takes some milliseconds; make it once a model version.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._arrow = arrow_schema(schema)
        self._numeric = all(column.type == "number" for column in schema.columns)
        self._dictionaries = [pa.array(column.categories, pa.string()) for column in schema.columns]
        self._dates = [index for index, column in enumerate(schema.columns) if column.type == "date"]
        self._codes = [{text: code for code, text in enumerate(column.categories)} for column in schema.columns]
        self._record, self._decode = _decoder(schema)

    def read(self, body: bytes, bounds: Bounds = UNBOUNDED) -> Rows:
        """The rows of one body, checked by the rules of `tasks.tables.schema.conform`.

        Raises BodyTooLarge past `bounds`, MalformedBody for what is not JSON, InvalidField for other keys than `rows`
        and `columns`, InvalidRows for the rest; messages count rows from 0 and name the column, pointers lead to the
        value.
        """
        check_size(body, bounds)
        rows = self._read(body)
        bounds.check_rows(len(rows))
        if self._dates:
            self._check_dates(rows)
        return rows

    def _read(self, body: bytes) -> Rows:
        if self._decode is None:
            return self._read_slowly(body)
        try:
            found = self._decode(body)
        except (msgspec.DecodeError, ValueError, RecursionError):
            return self._read_slowly(body)
        if found.rows is msgspec.UNSET or found.columns is not msgspec.UNSET:
            return self._by_columns(body, found)
        rows = found.rows
        if not rows:
            return self._read_slowly(body)
        if self._record in map(type, rows):
            rows = [msgspec.structs.astuple(row) if isinstance(row, self._record) else row for row in rows]
        return Rows(rows=rows)

    def table(self, parts: Sequence[Rows]) -> pa.Table:
        """The rows of all parts, in order, as one conformed table."""
        if self._numeric:
            return self._matrix_table(parts)
        columns = parts[0].columns if len(parts) == 1 else list(zip(*_joined(parts), strict=True))
        arrays = [self._array(index, values) for index, values in enumerate(columns)]
        return pa.Table.from_arrays(arrays, schema=self._arrow)

    def _by_columns(self, body: bytes, found: Any) -> Rows:
        columns = () if found.columns is msgspec.UNSET else msgspec.structs.astuple(found.columns)
        if found.rows is not msgspec.UNSET or not columns or not columns[0] or len(set(map(len, columns))) > 1:
            return self._read_slowly(body)
        return Rows(columns=columns)

    def _read_slowly(self, body: bytes) -> Rows:
        """What `read` promises, value by value, with words for whatever is wrong."""
        document, names = document_of(body).value, self._schema.names
        if fault := _document_fault(document, self._schema):
            raise fault
        if "columns" in document:
            return Rows(columns=[document["columns"][name] for name in names])
        rows = [row if isinstance(row, list) else [row[name] for name in names] for row in document["rows"]]
        return Rows(rows=rows)

    def _check_dates(self, rows: Rows) -> None:
        for index in self._dates:
            texts = pa.array(rows.columns[index], pa.string())
            dates = to_dates(texts)
            if dates.null_count > texts.null_count:
                row = pc.index(pc.and_(dates.is_null(), texts.is_valid()), True).as_py()
                raise row_error(row, self._schema.names[index], NO_DATE)

    def _matrix_table(self, parts: Sequence[Rows]) -> pa.Table:
        width = len(self._schema.columns)
        count = sum(map(len, parts))
        if len(parts) == 1 and parts[0]._rows is None:
            matrix = np.array(parts[0].columns, dtype=np.float64)
        else:
            # None becomes NaN. Faster than np.array over tuples.
            values = np.fromiter(chain.from_iterable(_joined(parts)), np.float64, count * width)
            matrix = np.ascontiguousarray(values.reshape(count, width).T)
        buffer, size = pa.py_buffer(matrix), count * 8
        make, kind = pa.Array.from_buffers, pa.float64()
        arrays = [make(kind, count, [None, buffer.slice(i * size, size)], 0) for i in range(width)]
        return pa.Table.from_arrays(arrays, schema=self._arrow)

    def _array(self, index: int, values: Sequence[Any]) -> pa.Array:
        kind = self._schema.columns[index].type
        if kind == "number":
            return pa.array(np.array(values, dtype=np.float64))
        if kind == "boolean":
            return pa.array(values, pa.bool_())
        if kind == "text":
            return pa.array(values, pa.string())
        if kind == "date":
            return to_dates(pa.array(values, pa.string()))
        codes = pa.array(list(map(self._codes[index].get, values)), pa.int32())
        return pa.DictionaryArray.from_arrays(codes, self._dictionaries[index])


def _joined(parts: Sequence[Rows]) -> Any:
    return chain.from_iterable(part.rows for part in parts)


def _decoder(schema: Schema) -> tuple[type[msgspec.Struct], Callable[[bytes], Any] | None]:
    """(struct of an object row, decoder of a body); no decoder if a column has a name that msgspec cannot take."""
    kinds = [_TYPES[column.type] | None if column.nullable else _TYPES[column.type] for column in schema.columns]
    fields = [f"f{index}" for index in range(len(kinds))]
    rename = {field: column.name for field, column in zip(fields, schema.columns, strict=True)}
    if any(_UNUSABLE.search(name) for name in rename.values()):
        return msgspec.Struct, None
    options: Any = {"rename": rename, "forbid_unknown_fields": True, "gc": False}
    record = msgspec.defstruct("Record", list(zip(fields, kinds, strict=True)), **options)
    lists = [(field, types.GenericAlias(list, (kind,))) for field, kind in zip(fields, kinds, strict=True)]
    columns = msgspec.defstruct("Columns", lists, **options)
    either: Any = tuple[tuple(kinds)] | record  # type: ignore[misc]
    body = msgspec.defstruct(
        "Body",
        [
            ("rows", list[either] | msgspec.UnsetType, msgspec.UNSET),
            ("columns", columns | msgspec.UnsetType, msgspec.UNSET),
        ],
        forbid_unknown_fields=True,
    )
    return record, msgspec.json.Decoder(body).decode


def _document_fault(document: Any, schema: Schema) -> InvalidRequest | None:
    if not isinstance(document, dict):
        return InvalidRows(f"the body is {kind_of(document)}; send an object with rows or columns")
    unknown = [key for key in document if key not in ("rows", "columns")]
    if unknown:
        return InvalidField(f"unknown keys: {listed(unknown)}; send rows or columns").at(json_pointer(unknown[0]))
    if len(document) != 1:
        return InvalidRows("send an object with either rows or columns")
    if "columns" in document:
        return _columns_error(document["columns"], schema)
    rows = document["rows"]
    if not isinstance(rows, list):
        return InvalidRows(f"rows is {kind_of(rows)}; send a list of rows").at("/rows")
    if not rows:
        return InvalidRows("there are no rows; give at least one").at("/rows")
    return next((fault for index, row in enumerate(rows) if (fault := _row_error(index, row, schema))), None)


def _row_error(index: int, row: Any, schema: Schema) -> InvalidRows | None:
    pointer = json_pointer("rows", index)
    if isinstance(row, dict):
        if fault := columns_fault(list(row), schema.names, schema.target):
            return InvalidRows(f"row {index}: {fault}").at(pointer)
        return _values_error(index, [(c, row[c.name], c.name) for c in schema.columns])
    if not isinstance(row, list):
        return InvalidRows(f"row {index} is {kind_of(row)}; send a list or an object").at(pointer)
    if len(row) != len(schema.columns):
        return InvalidRows(
            f"row {index} has {len(row)} values where {len(schema.columns)} are expected: {listed(schema.names)}"
        ).at(pointer)
    return _values_error(index, [(c, row[i], i) for i, c in enumerate(schema.columns)])


def _values_error(index: int, values: list[tuple[Column, Any, str | int]]) -> InvalidRows | None:
    for column, value, key in values:
        if fault := value_fault(value, column):
            return row_error(index, column.name, fault, json_pointer("rows", index, key))
    return None


def _columns_error(columns: Any, schema: Schema) -> InvalidRows | None:
    if not isinstance(columns, dict):
        return InvalidRows(f"columns is {kind_of(columns)}; send an object of lists").at("/columns")
    if fault := columns_fault(list(columns), schema.names, schema.target):
        return InvalidRows(fault).at("/columns")
    first = schema.names[0]
    for column in schema.columns:
        values, pointer = columns[column.name], json_pointer("columns", column.name)
        if not isinstance(values, list):
            return InvalidRows(f"column {column.name!r} is {kind_of(values)}; send a list").at(pointer)
        if isinstance(columns[first], list) and len(values) != len(columns[first]):
            return InvalidRows(
                f"column {column.name!r} has {len(values)} values where column {first!r} has {len(columns[first])}"
            ).at(pointer)
        for row, value in enumerate(values):
            if fault := value_fault(value, column):
                return row_error(row, column.name, fault, json_pointer("columns", column.name, row))
    return None if columns[first] else InvalidRows("there are no rows; give at least one").at("/columns")
