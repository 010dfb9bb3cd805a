"""A JSON body as a table."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from tasks.errors import InvalidField, InvalidTable
from tasks.tables.bounds import Bounds
from tasks.tables.checks import LARGEST, RANGE, at_cell, json_pointer, kind_of, listed
from tasks.tables.doubles import EXACT
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.json_size import check_size
from tasks.tables.nested import json_text
from tasks.tables.reading.json_forms import Document, document_of, numbered_lines
from tasks.tables.reading.result import Reading, no_lines

#: The Arrow type of a column, by the types of its values.
_ARROW: Final = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({str}): pa.string(),
    frozenset[type](): pa.null(),
}
_REMEDY: Final = (
    'give a number, text, true, false or null, or say {"type": "text", "format": "json"} of it in options.columns'
)
_SCALARS: Final = frozenset({bool, int, float, str})


class _BadCell(Exception):
    """Raised when a value cannot stand where it does."""

    def __init__(self, row: int, column: str, reason: str) -> None:
        super().__init__(row, column, reason)
        self.row, self.column, self.reason = row, column, reason


def read_json(data: bytes, bounds: Bounds, nested: Collection[str] = ()) -> Reading:
    """The table. Null is a missing value, and so is a key that is left out where other rows have it; a column of mixed
    values, or of whole numbers that a double would round beside fractions, is one of strings. Of `nested` columns each
    value is text as JSON writes it.

    Raises BodyTooLarge past `bounds`; MalformedBody for what is not JSON; InvalidField for an object with other keys
    than `rows` and `columns`; InvalidTable for lists and objects among the values, numbers out of range and columns of
    unequal length.
    """
    check_size(data, bounds)
    document = document_of(data)
    columns, findings = _columns(document)
    bounds.check(rows=len(next(iter(columns.values()), ())), columns=len(columns))
    try:
        table = pa.table({name: _array(name, values, nested) for name, values in columns.items()})
    except _BadCell as bad:
        error = at_cell(InvalidTable, bad.row, bad.column, bad.reason)
        raise error.at(document.pointer(bad.row, bad.column)) from None
    return Reading(
        table=table,
        format="ndjson" if document.lines else "json",
        findings=findings,
        index=document.index & columns.keys(),
        lines_of=_lines(data) if document.lines else no_lines,
    )


def _lines(data: bytes) -> Callable[[Sequence[int]], list[int]]:
    def lines_of(rows: Sequence[int]) -> list[int]:
        numbers = [number for number, _ in numbered_lines(data)]
        return [numbers[row] for row in rows if row < len(numbers)]

    return lines_of


def _columns(document: Document) -> tuple[dict[str, list[Any]], list[Finding]]:
    value = document.value
    if not isinstance(value, dict):
        raise InvalidTable(f"the body is {kind_of(value)}; send an object with rows or columns, or a list of objects")
    unknown = [key for key in value if key not in ("rows", "columns")]
    if unknown:
        raise InvalidField(f"unknown keys: {listed(unknown)}; send rows or columns").at(json_pointer(unknown[0]))
    if len(value) != 1:
        raise InvalidTable("send an object with either rows or columns")
    if "columns" in value:
        return _from_columns(value["columns"]), []
    return _from_rows(value["rows"], document.at)


def _from_rows(rows: Any, at: tuple[str, ...]) -> tuple[dict[str, list[Any]], list[Finding]]:
    if not isinstance(rows, list):
        raise InvalidTable(f"rows is {kind_of(rows)}; send a list of objects").at(json_pointer(*at))
    if not rows:
        raise InvalidTable("there are no rows; at least 10 rows are needed").at(json_pointer(*at))
    wrong = next((number for number, row in enumerate(rows) if not isinstance(row, dict)), None)
    if wrong is not None:
        raise InvalidTable(f"row {wrong} is {kind_of(rows[wrong])}; send objects, so that the columns have names").at(
            json_pointer(*at, wrong)
        )
    expected = rows[0].keys()
    uneven = [number for number, row in enumerate(rows) if row.keys() != expected]
    if not uneven:
        return {name: [row[name] for row in rows] for name in rows[0]}, []
    names = dict.fromkeys(chain.from_iterable(rows))
    short = [number for number, row in enumerate(rows) if len(row) < len(names)]
    message = f"{len(short)} rows leave out keys that other rows have"
    found = finding("keys_left_out", message, count=len(short), rows=short)
    return {name: [row.get(name) for row in rows] for name in names}, [found]


def _from_columns(columns: Any) -> dict[str, list[Any]]:
    if not isinstance(columns, dict):
        raise InvalidTable(f"columns is {kind_of(columns)}; send an object of lists").at("/columns")
    if not columns:
        raise InvalidTable("there are no columns").at("/columns")
    first = next(iter(columns))
    for name, values in columns.items():
        if not isinstance(values, list):
            raise InvalidTable(f"column {name!r} is {kind_of(values)}; send a list").at(json_pointer("columns", name))
        if len(values) != len(columns[first]):
            raise InvalidTable(
                f"column {name!r} has {len(values)} values where column {first!r} has {len(columns[first])}"
            ).at(json_pointer("columns", name))
    return columns


def _array(name: str, values: list[Any], nested: Collection[str]) -> pa.Array:
    if name in nested:
        return pa.array(list(map(json_text, values)), pa.string())
    kinds = frozenset(map(type, values)) - {type(None)}
    if not kinds <= _SCALARS:
        row = next(row for row, value in enumerate(values) if value is not None and type(value) not in _SCALARS)
        raise _BadCell(row, name, f"is {kind_of(values[row])}; {_REMEDY}")
    if float in kinds or int in kinds:
        _check_range(name, values)
    if kinds == {int, float} and not any(type(value) is int and abs(value) > EXACT for value in values):
        return pa.array([float(value) if type(value) is int else value for value in values], pa.float64())
    if kinds in _ARROW:
        try:
            return pa.array(values, _ARROW[kinds])
        except OverflowError:
            pass
    return pa.array(list(map(_text, values)), pa.string())


def _check_range(name: str, values: list[Any]) -> None:
    for row, value in enumerate(values):
        if type(value) in (int, float) and not -LARGEST <= value <= LARGEST:
            raise _BadCell(row, name, RANGE)


def _text(value: Any) -> str | None:
    """A value as JSON writes it, a text without its quotation marks."""
    if value is None or type(value) is str:
        return value
    return ("true" if value else "false") if type(value) is bool else repr(value)
