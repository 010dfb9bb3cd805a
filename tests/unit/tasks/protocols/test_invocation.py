"""The forms of MLflow's scoring protocol."""

from __future__ import annotations

import json
import math
from typing import Any, Final

import pytest

from tasks.errors import ServiceError
from tasks.protocols.invocation import read_invocation
from tasks.tables.bounds import UNBOUNDED
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.ways import FORGIVING

SCHEMA: Final = Schema(
    columns=[Column(name="a", type="number", typical=7), Column(name="c", type="category", categories=["u", "v"])],
    target="y",
    problem="regression",
)
ONE: Final = Schema(columns=[Column(name="a", type="number", nullable=True)], target="y", problem="regression")


def read(body: bytes | dict[str, Any], schema: Schema = SCHEMA) -> list[list[Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    table = read_invocation(data, schema, UNBOUNDED, FORGIVING).table
    assert table is not None
    return [list(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["c", "a"], "index": [0, 1], "data": [["u", 1], ["v", 2]]}},
        {"dataframe_records": [{"a": 1, "c": "u"}, {"c": "v", "a": 2}]},
        {"instances": [[1, "u"], [2, "v"]]},
        {"instances": [{"a": 1, "c": "u"}, {"a": 2, "c": "v"}], "params": {}},
        {"inputs": {"a": [1, 2], "c": [["u"], ["v"]]}},
        {"inputs": [[1, "u"], [2, "v"]], "params": None},
    ],
)
def test_each_form_is_read(body: dict[str, Any]) -> None:
    assert read(body) == [[1, "u"], [2, "v"]]


def test_nan_is_missing_and_a_value_alone_is_a_row() -> None:
    (one,), (missing,) = read(b'{"instances": [1, NaN]}', ONE)
    assert one == 1
    assert math.isnan(missing)
    assert read(b'{"dataframe_split": {"columns": ["a", "c"], "data": [[NaN, "u"]]}}') == [[7, "u"]]


@pytest.mark.parametrize(
    ("body", "pointer", "words"),
    [
        (b"[1]", None, "the body is a list"),
        (b"{", None, "truncated"),
        (b'{"instances": [[1, "u"]], "instances": [[1, "u"]]}', None, "twice"),
        ({}, None, "none of the forms"),
        ({"rows": []}, "/rows", "unknown keys: 'rows'"),
        ({"instances": [], "inputs": []}, None, "has instances and inputs"),
        ({"instances": [[1, "u"]], "params": {"k": 1}}, "/params", "params are not taken"),
        ({"instances": 1}, "/instances", "a number"),
        ({"instances": []}, "/instances", "no rows"),
        ({"instances": [1]}, "/instances/0", "1 values where 2 are expected"),
        ({"instances": [["x", "u"]]}, "/instances/0/0", "column 'a': is 'x' where a number belongs"),
        ({"instances": [[[1], "u"]]}, "/instances/0/0", "is a list where a number belongs"),
        ({"inputs": {"a": [1], "c": ["u", "v"]}}, "/inputs/c", "2 values where column 'a' has 1"),
        ({"inputs": {"a": 1}}, "/inputs", "missing columns: 'c'"),
        ({"inputs": {"a": ["x"], "c": ["u"]}}, "/inputs/a/0", "'x' where a number"),
        ({"dataframe_split": [1]}, "/dataframe_split", "an object with columns"),
        ({"dataframe_split": {"columns": ["a", 1], "data": []}}, "/dataframe_split/columns/1", "names as text"),
        ({"dataframe_split": {"columns": ["a", "c"], "data": [[1]]}}, "/dataframe_split/data/0", "1 values"),
        (
            {"dataframe_split": {"columns": ["c", "a"], "data": [["u", "x"]]}},
            "/dataframe_split/data/0/1",
            "'x' where a number",
        ),
        ({"dataframe_records": [{"a": "x", "c": "u"}]}, "/dataframe_records/0/a", "'x' where a number"),
        (b'{"instances": [[Infinity, "u"]]}', "/instances/0/0", "out of range"),
        (b'{"instances": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", None, "nested too deeply"),
    ],
)
def test_what_cannot_be_read_is_said(body: bytes | dict[str, Any], pointer: str | None, words: str) -> None:
    with pytest.raises(ServiceError, match=words) as caught:
        read(body)
    assert caught.value.pointer == pointer
