"""Estimate rows in JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidRequest, InvalidRows, MalformedBody
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.ways import Ways
from tasks.tables.row_reader import RowReader
from tasks.tables.schema import arrow_schema, conform

NUMBERS = Schema(columns=[Column("a b", "number"), Column("c/d", "number")], target="y", problem="regression")
MIXED = Schema(
    columns=[
        Column("x", "number"),
        Column("n", "number", nullable=True),
        Column("b", "boolean"),
        Column("c", "category", ["p", "q"]),
    ],
    target="y",
    problem="regression",
)
ROWS: list[list[Any]] = [[1, None, True, "q"], [2.5, -3, False, "new"]]


def body(**keys: Any) -> bytes:
    """A body with these keys."""
    return json.dumps(keys).encode()


def records(rows: list[list[Any]]) -> list[dict[str, Any]]:
    """Rows as objects, their keys turned round."""
    return [dict(reversed(list(zip(MIXED.names, row, strict=True)))) for row in rows]


def columns(rows: list[list[Any]]) -> dict[str, Any]:
    """Rows as columns."""
    return {name: list(values) for name, values in zip(MIXED.names, zip(*rows, strict=True), strict=True)}


def same(left: pa.Table, right: pa.Table) -> bool:
    """True if the tables are equal, NaN included."""
    return left.schema == right.schema and repr(left.to_pylist()) == repr(right.to_pylist())


def test_every_form_gives_what_conform_gives() -> None:
    reader = RowReader(MIXED)
    expected = conform(pa.table(columns(ROWS)), MIXED)
    for data in (body(rows=ROWS), body(rows=records(ROWS)), body(columns=columns(ROWS))):
        rows = reader.read(data)
        assert len(rows) == 2
        assert same(reader.table([rows]), expected)
    mixed = [*ROWS[:1], *records(ROWS[1:])]
    assert same(reader.table([reader.read(body(rows=mixed))]), expected)


def test_many_bodies_make_one_table_in_order() -> None:
    reader = RowReader(MIXED)
    parts = [
        reader.read(data) for data in (body(rows=ROWS), body(columns=columns(ROWS[1:])), body(rows=records(ROWS[:1])))
    ]
    found = reader.table(parts)
    assert [len(part) for part in parts] == [2, 1, 1]
    assert found.column("x").to_pylist() == [1, 2.5, 2.5, 1]
    assert same(found, conform(pa.table(columns([*ROWS, ROWS[1], ROWS[0]])), MIXED))


def test_numbers_alone_take_the_short_way() -> None:
    reader = RowReader(NUMBERS)
    bodies = [body(rows=[[1, 2], [3, 4]]), body(columns={"c/d": [6], "a b": [5]}), body(rows=[{"a b": 7, "c/d": 8}])]
    found = reader.table([reader.read(data) for data in bodies])
    assert found.schema == arrow_schema(NUMBERS)
    assert found.column("a b").to_pylist() == [1, 3, 5, 7]
    assert found.column("c/d").to_pylist() == [2, 4, 6, 8]
    found.validate(full=True)
    alone = reader.table([reader.read(bodies[1])])
    assert alone.to_pylist() == [{"a b": 5, "c/d": 6}]


def test_null_is_nan_where_training_had_holes() -> None:
    schema = Schema(columns=[Column("n", "number", nullable=True)], target="y", problem="regression")
    reader = RowReader(schema)
    for data in (body(rows=[[None], [1]]), body(columns={"n": [None, 1]})):
        values = reader.table([reader.read(data)]).column("n")
        assert values.null_count == 0
        assert np.isnan(values.to_numpy()).tolist() == [True, False]


def test_the_largest_number_and_large_whole_numbers_are_taken() -> None:
    reader = RowReader(NUMBERS)
    found = reader.table([reader.read(b'{"rows": [[3.4028234663852886e38, 100000000000000000000000000]]}')])
    assert found.to_pylist() == [{"a b": 3.4028234663852886e38, "c/d": 1e26}]


BAD_NUMBERS: list[tuple[bytes, type[InvalidRequest], str, str | None]] = [
    (b"", MalformedBody, "truncated", None),
    (b"x", MalformedBody, "byte 0", None),
    (b'{"rows": [[1, NaN]]}', MalformedBody, "byte 14", None),
    (b'{"rows": [["a", NaN]]}', MalformedBody, "byte 16", None),
    (b'{"rows": [[1, -Infinity]]}', MalformedBody, "not valid JSON", None),
    (b"[" * 100_000, MalformedBody, "nested", None),
    (b'{"rows": [["\xff"]]}', MalformedBody, "not valid JSON", None),
    (b"3", InvalidRows, "the body is a number", None),
    (b"null", InvalidRows, "the body is null", None),
    (b"{}", InvalidRows, "either rows or columns", None),
    (b'{"rows": [[1, 2]], "columns": {"a b": [1], "c/d": [1]}}', InvalidRows, "either rows or columns", None),
    (b'{"rows": [[1, 2]], "data": 1}', InvalidField, "unknown keys: 'data'", "/data"),
    (b'{"rows": 1}', InvalidRows, "rows is a number", "/rows"),
    (b'{"rows": []}', InvalidRows, "no rows", "/rows"),
    (b'{"rows": [[1, 2], 3]}', InvalidRows, "row 1 is a number", "/rows/1"),
    (b'{"rows": [[1, 2], [3]]}', InvalidRows, "row 1 has 1 values where 2 are expected: 'a b', 'c/d'", "/rows/1"),
    (b'{"rows": [[1, 2], [1, 2, 3]]}', InvalidRows, "row 1 has 3 values", "/rows/1"),
    (b'{"rows": [[1, 2], [3, "x"]]}', InvalidRows, "row 1, column 'c/d': is 'x' where a number", "/rows/1/1"),
    (b'{"rows": [[1, 2], [true, "x"]]}', InvalidRows, "row 1, column 'a b': is true or false", "/rows/1/0"),
    (b'{"rows": [[true, 2]]}', InvalidRows, "row 0, column 'a b': is true or false", "/rows/0/0"),
    (b'{"rows": [[[], 2]]}', InvalidRows, "row 0, column 'a b': is a list", "/rows/0/0"),
    (b'{"rows": [[null, 2]]}', InvalidRows, "row 0, column 'a b': is missing", "/rows/0/0"),
    (b'{"rows": [[1, 1e308]]}', InvalidRows, "row 0, column 'c/d': is out of range", "/rows/0/1"),
    (b'{"rows": [[1, -1e999]]}', InvalidRows, "row 0, column 'c/d': is out of range", "/rows/0/1"),
    (b'{"rows": [[1, 1' + b"0" * 400 + b"]]}", InvalidRows, "column 'c/d': is out of range", "/rows/0/1"),
    (b'{"rows": [{"a b": 1}]}', InvalidRows, "row 0: missing columns: 'c/d'", "/rows/0"),
    (b'{"rows": [{"a b": 1, "c/d": "x"}]}', InvalidRows, "row 0, column 'c/d': is 'x'", "/rows/0/c~1d"),
    (b'{"columns": []}', InvalidRows, "columns is a list", "/columns"),
    (b'{"columns": {"a b": []}}', InvalidRows, "missing columns: 'c/d'", "/columns"),
    (b'{"columns": {"a b": [], "c/d": []}}', InvalidRows, "no rows", "/columns"),
    (b'{"columns": {"a b": 1, "c/d": [1]}}', InvalidRows, "'a b' is a number; send a list", "/columns/a b"),
    (
        b'{"columns": {"a b": [1], "c/d": []}}',
        InvalidRows,
        "'c/d' has 0 values where column 'a b' has 1",
        "/columns/c~1d",
    ),
    (b'{"columns": {"a b": [1, 2], "c/d": [1, "x"]}}', InvalidRows, "row 1, column 'c/d': is 'x'", "/columns/c~1d/1"),
]


@pytest.mark.parametrize(("data", "error", "message", "pointer"), BAD_NUMBERS)
def test_bad_bodies(data: bytes, error: type[InvalidRequest], message: str, pointer: str | None) -> None:
    with pytest.raises(error, match=message) as caught:
        RowReader(NUMBERS).read(data)
    assert type(caught.value) is error
    assert caught.value.pointer == pointer


@pytest.mark.parametrize(
    ("data", "message", "pointer"),
    [
        (b'{"rows": [{"a b": 1, "c/d": 2, "z": 3}]}', "row 0: unknown columns: 'z'", "/rows/0"),
        (
            b'{"rows": [{"a b": 1, "c/d": 2}, {"a b": 1, "c/d": 2, "y": 3}]}',
            "row 1: column 'y' is the target",
            "/rows/1",
        ),
        (b'{"columns": {"a b": [1], "c/d": [2], "z": [3]}}', "unknown columns: 'z'", "/columns"),
    ],
)
def test_columns_that_are_not_known_are_refused_if_that_is_asked_for(data: bytes, message: str, pointer: str) -> None:
    with pytest.raises(InvalidRows, match=message) as caught:
        RowReader(NUMBERS).read(data, ways=Ways(refuses_unknown=True))
    assert caught.value.pointer == pointer
    assert len(RowReader(NUMBERS).read(data))


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([None, None, True, "p"], "column 'x': is missing"),
        ([1, None, None, "p"], "column 'b': is missing"),
        ([1, None, True, None], "column 'c': is missing"),
        ([1, None, 2, "p"], "column 'b': is 2 where true or false belongs"),
        ([1, None, True, [5]], "column 'c': is a list where text belongs"),
        ([1, 1e39, True, "p"], "column 'n': is out of range"),
    ],
)
def test_bad_values_are_refused_in_every_form(row: list[Any], message: str) -> None:
    for data in (body(rows=[row]), body(rows=records([row])), body(columns=columns([row]))):
        with pytest.raises(InvalidRows, match="row 0, " + message):
            RowReader(MIXED).read(data)
