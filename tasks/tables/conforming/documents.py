"""JSON rows to estimate, value by value: for whatever the fast decoder of `tasks.tables.row_reader` does not take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from tasks.errors import InvalidField, InvalidRows
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.checks import LARGEST, RANGE, BadCell, json_pointer, kind_of, listed, mismatch
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.asked import NO_ROWS, Asked, conformed, fault
from tasks.tables.conforming.names import refusal, sorted_out
from tasks.tables.conforming.notes import Lines, Notes
from tasks.tables.conforming.ways import Ways
from tasks.tables.nested import JSON, json_text
from tasks.tables.reading.json_forms import Document, document_of, numbered_lines
from tasks.tables.value_types.conversion import converted_list


class _Given(NamedTuple):
    """The values of a document."""

    #: The names of all columns, in the order in which they come up.
    names: list[str]
    rows: int
    #: The values of a column, None where there is none; and the pointer to one of them.
    values: Callable[[str], list[Any]]
    pointer: Callable[[int, str], str]


def asked_document(body: bytes, schema: Schema, ways: Ways, bounds: Bounds = UNBOUNDED) -> Asked:
    """The rows of a JSON body in any form that `document_of` reads, as `asked_of` makes them.

    Raises MalformedBody, and as that does. Of one document a line, messages count lines, from 1.
    """
    document = document_of(body)
    return asked_of(document, schema, ways, bounds, lines=_lines_of(body) if document.lines else None)


def asked_of(
    document: Document, schema: Schema, ways: Ways, bounds: Bounds = UNBOUNDED, *, lines: Lines | None = None
) -> Asked:
    """The rows of a document as `asked` makes them; a row may also be a list of all features in the schema's order, and
    an object may lack what may be missing.

    Raises BodyTooLarge past `bounds`, InvalidField for other keys, and as `asked` does; InvalidRows for the rest, with
    a pointer to the value.
    """
    value = document.value
    if not isinstance(value, dict):
        raise InvalidRows(f"the body is {kind_of(value)}; send an object with rows or columns")
    if unknown := [key for key in value if key not in ("rows", "columns")]:
        raise InvalidField(f"unknown keys: {listed(unknown)}; send rows or columns").at(json_pointer(unknown[0]))
    if len(value) != 1:
        raise InvalidRows("send an object with either rows or columns")
    by_rows = "rows" in value
    whole = json_pointer(*document.at) if by_rows or not document.by_place else "/columns"
    silent = document.index
    given = _rows(document, schema, ways, lines) if by_rows else _columns(document, schema, ways)
    bounds.check(rows=given.rows, columns=len(given.names))
    notes = Notes(lines)
    try:
        kept = sorted_out(given.names, schema, ways, notes, silent=silent)
    except InvalidRows as error:
        raise _at(error, whole) from None
    if not given.rows:
        raise _at(InvalidRows(NO_ROWS), whole)
    present = set(given.names)

    def give(column: Column) -> Any:
        return _array(given.values(column.name), column) if column.name in present else None

    try:
        features = conformed(schema, given.rows, give, ways=ways, notes=notes)
    except BadCell as bad:
        raise fault(bad, lines).at(given.pointer(bad.row, bad.column)) from None
    return Asked(features, {name: given.values(name) for name in kept}, notes)


def _lines_of(body: bytes) -> Lines:
    """The lines of a body that is one document a line."""

    def lines(rows: Sequence[int]) -> list[int]:
        numbers = [number for number, _ in numbered_lines(body)]
        return [numbers[row] for row in rows]

    return lines


def _rows(document: Document, schema: Schema, ways: Ways, lines: Lines | None) -> _Given:
    rows, whole = document.value["rows"], json_pointer(*document.at)
    if not isinstance(rows, list):
        raise _at(InvalidRows(f"rows is {kind_of(rows)}; send a list of rows"), whole)
    if not rows:
        raise _at(InvalidRows(NO_ROWS), whole)
    place = {name: at for at, name in enumerate(schema.names)}
    names: dict[str, None] = {}
    shapes: set[tuple[str, ...]] = set()
    for index, row in enumerate(rows):
        shape, wrong = (tuple(row), None) if isinstance(row, dict) else _positions(row, schema)
        if wrong is None and shape not in shapes:
            shapes.add(shape)
            names.update(dict.fromkeys(shape))
            wrong = refusal(shape, schema, ways, silent=document.index)
            wrong = f": {wrong}" if wrong else None
        if wrong:
            raise _row_fault(document, index, wrong, lines)

    def values(name: str) -> list[Any]:
        at = place.get(name)
        return [row.get(name) if isinstance(row, dict) else None if at is None else row[at] for row in rows]

    def pointer(row: int, name: str) -> str:
        return (
            document.pointer(row, name)
            if isinstance(rows[row], dict)
            else json_pointer(*_row(document, row), place[name])
        )

    return _Given(list(names), len(rows), values, pointer)


def _row(document: Document, row: int) -> tuple[str | int, ...]:
    """Where a row is: in a document of its own if there is one a line."""
    return () if document.lines else (*document.at, row)


def _row_fault(document: Document, row: int, wrong: str, lines: Lines | None) -> InvalidRows:
    error = InvalidRows(f"line {lines([row])[0]}{wrong}" if lines else f"row {row}{wrong}")
    return _at(error, json_pointer(*_row(document, row)))


def _at(error: InvalidRows, pointer: str) -> InvalidRows:
    """The error with a pointer, unless that is to the whole body."""
    return error.at(pointer) if pointer else error


def _positions(row: Any, schema: Schema) -> tuple[tuple[str, ...], str | None]:
    """The columns of a row that is a list; and what is wrong with it."""
    names = tuple(schema.names)
    if not isinstance(row, list):
        return names, f" is {kind_of(row)}; send a list or an object"
    if len(row) != len(names):
        return names, f" has {len(row)} values where {len(names)} are expected: {listed(names)}"
    return names, None


def _columns(document: Document, schema: Schema, ways: Ways) -> _Given:
    columns, whole = document.value["columns"], ("columns",) if document.by_place else document.at
    if not isinstance(columns, dict):
        raise InvalidRows(f"columns is {kind_of(columns)}; send an object of lists").at(json_pointer(*whole))
    if wrong := refusal(list(columns), schema, ways, silent=document.index):
        raise InvalidRows(wrong).at(json_pointer(*whole))
    first = next((name for name in schema.names if name in columns), "")
    for name, values in columns.items():
        pointer = json_pointer(*whole, name)
        if not isinstance(values, list):
            raise InvalidRows(f"column {name!r} is {kind_of(values)}; send a list").at(pointer)
        if isinstance(columns.get(first), list) and len(values) != len(columns[first]):
            raise InvalidRows(
                f"column {name!r} has {len(values)} values where column {first!r} has {len(columns[first])}"
            ).at(pointer)
    return _Given(list(columns), len(columns.get(first, ())), columns.__getitem__, document.pointer)


def _array(values: list[Any], column: Column) -> Any:
    """The values as `converted_list` makes them. Raises BadCell for what is no scalar."""
    if column.format == JSON:
        values = list(map(json_text, values))
    kinds = set(map(type, values)) - {type(None)}
    if kinds & {dict, list}:
        row = next(row for row, value in enumerate(values) if isinstance(value, dict | list))
        raise BadCell(row, column.name, mismatch(kind_of(values[row]), column))
    try:
        if column.type == "number" and kinds and kinds <= {int, float}:
            # Most columns are such, and this is ten times as fast.
            return pa.array(np.array(values, dtype=np.float64))
        return converted_list(values, column)
    except OverflowError:
        row = next(row for row, value in enumerate(values) if value is not None and not -LARGEST <= value <= LARGEST)
        raise BadCell(row, column.name, RANGE) from None
    except UnicodeEncodeError:
        row = next(row for row, value in enumerate(values) if isinstance(value, str) and not _is_unicode(value))
        raise BadCell(row, column.name, "is text with one half of a surrogate pair; send UTF-8") from None


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= letter <= "\udfff" for letter in text)
