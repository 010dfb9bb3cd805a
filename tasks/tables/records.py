"""JSON tables: `{"rows": [{...}]}` or `{"columns": {name: [...]}}`."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import msgspec
import pyarrow as pa

from tasks.errors import InvalidField, InvalidTable, MalformedBody
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.checks import LARGEST, RANGE, at_cell, json_pointer, kind_of, listed, number_fault
from tasks.tables.json_size import check_size
from tasks.tables.malformed import not_json

#: The Arrow type of a column, by the types of its values.
_ARROW = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
    frozenset({str}): pa.string(),
    frozenset[type](): pa.null(),
}


class _BadCell(Exception):
    """Raised when a value cannot stand where it does."""

    def __init__(self, row: int, column: str, reason: str) -> None:
        super().__init__(row, column, reason)
        self.row, self.column, self.reason = row, column, reason


def table_of(data: bytes, bounds: Bounds = UNBOUNDED) -> pa.Table:
    """The table in a JSON body. Null is a missing value.

    Raises BodyTooLarge past `bounds`, MalformedBody for what is not JSON (NaN and infinity are not) or names a key
    twice, InvalidField for other keys than `rows` and `columns`, InvalidTable if rows or types are uneven.
    """
    check_size(data, bounds)
    document = decode(data)
    if not isinstance(document, dict):
        raise InvalidTable(f"the body is {kind_of(document)}; send an object with rows or columns")
    unknown = [key for key in document if key not in ("rows", "columns")]
    if unknown:
        raise InvalidField(f"unknown keys: {listed(unknown)}; send rows or columns").at(json_pointer(unknown[0]))
    if len(document) != 1:
        raise InvalidTable("send an object with either rows or columns")
    by_rows = "rows" in document
    columns = _from_rows(document["rows"]) if by_rows else _from_columns(document["columns"])
    bounds.check(rows=len(next(iter(columns.values()), ())), columns=len(columns))
    try:
        table = pa.table({name: _array(name, values) for name, values in columns.items()})
    except _BadCell as bad:
        error = at_cell(InvalidTable, bad.row, bad.column, bad.reason)
        raise error if by_rows else error.at(json_pointer("columns", bad.column, bad.row)) from None
    _refuse_twice(data, document)
    return table


def decode(data: bytes) -> Any:
    """Any JSON document. Raises MalformedBody."""
    try:
        try:
            return msgspec.json.decode(data)
        except msgspec.ValidationError:
            # A number such as 1e999 is good JSON; that it is out of range is said with its row and column.
            return json.loads(data, parse_constant=_refuse_constant)
    except RecursionError:
        raise MalformedBody("the body is nested too deeply to be a table") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise not_json(data, error) from error


def _refuse_constant(name: str) -> float:
    raise MalformedBody(f"the body is not valid JSON: {name} is no JSON number; write null for a missing value")


def _from_rows(rows: Any) -> dict[str, list[Any]]:
    if not isinstance(rows, list):
        raise InvalidTable(f"rows is {kind_of(rows)}; send a list of objects").at("/rows")
    if not rows:
        raise InvalidTable("there are no rows; at least 10 rows are needed").at("/rows")
    names = list(rows[0]) if isinstance(rows[0], dict) else []
    expected = set(names)
    for number, row in enumerate(rows):
        if not isinstance(row, dict):
            raise InvalidTable(f"row {number} is {kind_of(row)}; send objects, so that the columns have names").at(
                f"/rows/{number}"
            )
        if row.keys() != expected:
            raise InvalidTable(_uneven(number, row, names)).at(f"/rows/{number}")
    return {name: [row[name] for row in rows] for name in names}


def _uneven(number: int, row: dict[str, Any], names: list[str]) -> str:
    missing = [name for name in names if name not in row]
    extra = [name for name in row if name not in names]
    faults = [f"misses {listed(missing)}"] if missing else []
    faults += [f"has {listed(extra)} beyond those"] if extra else []
    return f"row {number} has not the columns of row 0: it {' and '.join(faults)}; write null for a missing value"


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


def _array(name: str, values: list[Any]) -> pa.Array:
    kinds = frozenset(map(type, values)) - {type(None)}
    if kinds not in _ARROW:
        raise _mixed(name, values)
    if int not in kinds:
        return _in_range(name, pa.array(values, _ARROW[kinds]))
    if kinds == {int}:
        # Whole numbers that no 64 bits hold become floats, as they do beside a fraction.
        with suppress(OverflowError):
            return pa.array(values, pa.int64())
    try:
        floats = pa.array([float(v) if type(v) is int else v for v in values], _ARROW[kinds | {float}])
    except OverflowError:
        row = next(row for row, value in enumerate(values) if value is not None and not -LARGEST <= value <= LARGEST)
        raise _BadCell(row, name, RANGE) from None
    return _in_range(name, floats)


def _in_range(name: str, array: pa.Array) -> pa.Array:
    if pa.types.is_floating(array.type):
        fault = number_fault(array.to_numpy(zero_copy_only=False), nullable=True)
        if fault:
            raise _BadCell(fault[0], name, fault[1])
    return array


def _mixed(name: str, values: list[Any]) -> _BadCell:
    kinds = [kind_of(value) if value is not None else None for value in values]
    present = [kind for kind in kinds if kind is not None]
    nested = next((kind for kind in present if kind in ("an object", "a list")), None)
    if nested:
        row = kinds.index(nested)
        return _BadCell(row, name, f"is {nested}; give a number, text, true, false or null")
    usual = max(sorted(set(present)), key=present.count)
    row = next(row for row, kind in enumerate(kinds) if kind not in (None, usual))
    return _BadCell(row, name, f"is {kinds[row]} where the column otherwise has {_plural(usual)}")


def _plural(kind: str) -> str:
    return "numbers" if kind == "a number" else kind


def _refuse_twice(data: bytes, document: dict[str, Any]) -> None:
    """Refuse a key that is given twice, of which the decoder kept the last without a word.

    Each text has two quotation marks. Only if there are more of them, or escaped ones, a slow reader looks closer.
    """
    if b"\\" in data or data.count(b'"') != 2 * _texts(document):
        try:
            json.loads(data, object_pairs_hook=_once)
        except RecursionError:
            raise MalformedBody("the body is nested too deeply to be a table") from None


def _texts(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_texts, value.values()))
    if isinstance(value, list):
        flat = sum(type(item) is str for item in value)
        return flat + sum(_texts(item) for item in value if isinstance(item, dict | list))
    return int(isinstance(value, str))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedBody(f"the body gives {name!r} twice in one object; give it once")
        found[name] = value
    return found
