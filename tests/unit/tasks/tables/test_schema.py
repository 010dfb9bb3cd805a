"""What a table is found to be, and what does not fit it."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidRows, InvalidTable, InvalidTarget
from tasks.tables.columns import Column, Schema
from tasks.tables.inference import infer
from tasks.tables.schema import arrow_schema, conform, conform_training

ROWS = 20


def table(**columns: Any) -> pa.Table:
    """20 rows with a feature and a target, unless given."""
    return pa.table({"x": np.arange(ROWS, dtype=float), "y": np.arange(ROWS) * 1.5, **columns})


def repeat(*values: Any) -> list[Any]:
    """20 values."""
    return [values[i % len(values)] for i in range(ROWS)]


def test_infer_types() -> None:
    schema = infer(
        table(
            x=pa.array(repeat(1, 2, None)),
            flag=repeat(True, False),
            text=repeat("b", "a", None),
            coded=pa.array(repeat("u", "v")).dictionary_encode(),
            large=pa.array(repeat("k", "l"), pa.large_string()),
            money=pa.array(repeat("1.5", "2.5")).cast(pa.decimal128(5, 2)),
            holes=repeat(1.0, float("nan")),
        ),
        target="y",
    )
    assert schema.columns == [
        Column("x", "number", nullable=True),
        Column("flag", "boolean"),
        Column("text", "category", ["a", "b"], nullable=True),
        Column("coded", "category", ["u", "v"]),
        Column("large", "category", ["k", "l"]),
        Column("money", "number"),
        Column("holes", "number", nullable=True),
    ]
    assert schema.problem == "regression"
    assert schema.classes == []


@pytest.mark.parametrize(
    ("target", "problem", "classes"),
    [
        (repeat("no", "yes"), "binary", ["no", "yes"]),
        (repeat("a", "b", "c"), "multiclass", ["a", "b", "c"]),
        (repeat(True, False), "binary", [False, True]),
        (repeat(0.0, 1.0), "binary", [0.0, 1.0]),
        (repeat(0.0, 2.0), "regression", []),
        (repeat(7, 900), "binary", [7, 900]),
        (repeat(3, 1, 2), "multiclass", [1, 2, 3]),
        (repeat(3, 1, 200), "regression", []),
        (list(range(10)) * 2, "regression", []),
    ],
)
def test_guess_of_the_problem(target: list[Any], problem: str, classes: list[Any]) -> None:
    schema = infer(table(y=target), target="y")
    assert schema.problem == problem
    assert schema.classes == classes
    assert list(map(type, schema.classes)) == list(map(type, classes))


def test_the_problem_may_be_given() -> None:
    assert infer(table(y=repeat(0, 1)), target="y", problem="regression").classes == []
    assert infer(table(y=repeat(1.0, 2.0)), target="y", problem="binary").classes == [1.0, 2.0]
    with pytest.raises(InvalidField, match="problem must be one of"):
        infer(table(), target="y", problem="guess")
    with pytest.raises(InvalidTarget, match="a regression needs numbers"):
        infer(table(y=repeat("a", "b")), target="y", problem="regression")
    with pytest.raises(InvalidTarget, match="binary needs two"):
        infer(table(y=repeat(1, 2, 3)), target="y", problem="binary")


@pytest.mark.parametrize("values", [["a", "b"], [False, True], [1, 2], [1.0, 2.0]])
def test_schema_survives_json(values: list[Any]) -> None:
    schema = infer(table(y=repeat(*values)), target="y", problem="binary")
    again = msgspec.json.decode(msgspec.json.encode(schema), type=Schema)
    assert again == schema
    assert list(map(type, again.classes)) == list(map(type, values))


BAD_TABLES: list[tuple[dict[str, Any], str]] = [
    ({"x": [None] * ROWS}, "column 'x' has no value at all"),
    ({"x": [float("nan")] * ROWS}, "column 'x' has no value at all"),
    ({"x": [[1]] * ROWS}, "column 'x' is list"),
    ({"x": [1.0, 2.0, 3.0, float("inf")] * 5}, "row 3, column 'x': is out of range"),
    ({"x": [1.0, 1e308] * 10}, "row 1, column 'x': is out of range"),
]


@pytest.mark.parametrize(("columns", "message"), BAD_TABLES)
def test_bad_features(columns: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        infer(table(**columns), target="y")


def test_bad_tables() -> None:
    with pytest.raises(InvalidTable, match="0 rows; at least 10 rows"):
        infer(table().slice(0, 0), target="y")
    with pytest.raises(InvalidTable, match="9 rows; at least 10 rows"):
        infer(table().slice(0, 9), target="y")
    with pytest.raises(InvalidTable, match="no column beside the target"):
        infer(table().drop_columns(["x"]), target="y")
    twice = pa.Table.from_arrays([pa.array(range(ROWS))] * 3, names=["x", "x", "y"])
    with pytest.raises(InvalidTable, match="given twice: 'x'"):
        infer(twice, target="y")
    many = pa.table({"t": [f"t{i}" for i in range(1001)], "y": np.arange(1001.0)})
    with pytest.raises(InvalidTable, match=r"'t' has 1001 different texts.*leave it out or encode"):
        infer(many, target="y")


BAD_TARGETS: list[tuple[list[Any], str]] = [
    ([1.0] * ROWS, "same value in every row"),
    (["a"] * ROWS, "same value in every row"),
    ([None, *range(ROWS - 1)], r"missing in 1 rows \(counted from 0: 0\)"),
    ([float("nan"), 1.0] * 10, r"missing in 10 rows \(counted from 0: 0, 2, 4, 6, 8, ...\)"),
    ([None] * ROWS, "no value|missing in 20 rows"),
    ([0.5, 1e308] * 10, "row 1, column 'y': is out of range"),
    ([[1]] * ROWS, "target 'y' is list"),
    (["rare", *["a", "b"] * 9, "a"], "classes with fewer than 2 rows: 'rare'"),
]


@pytest.mark.parametrize(("target", "message"), BAD_TARGETS)
def test_bad_targets(target: list[Any], message: str) -> None:
    with pytest.raises(InvalidTarget, match=message):
        infer(table(y=pa.array(target)), target="y")


def test_missing_target_lists_the_columns() -> None:
    with pytest.raises(InvalidTarget, match="no column 'z' to be the target; the table has 'x', 'y'"):
        infer(table(), target="z")


SCHEMA = Schema(
    columns=[
        Column("x", "number"),
        Column("n", "number", nullable=True),
        Column("b", "boolean"),
        Column("c", "category", ["p", "q"]),
    ],
    target="y",
    problem="regression",
)
GOOD: dict[str, Any] = {"c": ["q", "new"], "b": [True, False], "n": [None, 2], "x": [1, 2]}


def test_conform_orders_and_types() -> None:
    found = conform(pa.table(GOOD), SCHEMA)
    assert found.schema == arrow_schema(SCHEMA)
    assert found.column("c").to_pylist() == ["q", None]
    assert np.isnan(found.column("n")[0].as_py())
    assert found.column("n").null_count == 0


BAD_ROWS: list[tuple[dict[str, Any], str, str]] = [
    ({"x": None}, "missing columns: 'x'", "/rows"),
    ({"z": [1, 2]}, "unknown columns: 'z'", "/rows"),
    ({"y": [1, 2]}, "column 'y' is the target.*leave it out", "/rows"),
    ({"x": ["1", "two"]}, "row 1, column 'x': is text where a number belongs", "/rows/1/x"),
    ({"x": [True, False]}, "row 0, column 'x': is true or false where a number belongs", "/rows/0/x"),
    ({"x": [1.0, None]}, "row 1, column 'x': is missing", "/rows/1/x"),
    ({"x": [1.0, float("nan")]}, "row 1, column 'x': is missing", "/rows/1/x"),
    ({"x": [1.0, float("-inf")]}, "row 1, column 'x': is out of range", "/rows/1/x"),
    ({"n": [float("nan"), 1e308]}, "row 1, column 'n': is out of range", "/rows/1/n"),
    ({"b": [True, None]}, "row 1, column 'b': is missing", "/rows/1/b"),
    ({"b": [0, 1]}, "row 0, column 'b': is a number where true or false belongs", "/rows/0/b"),
    ({"c": ["p", None]}, "row 1, column 'c': is missing", "/rows/1/c"),
    ({"c": [1, 2]}, "row 0, column 'c': is a number where text belongs", "/rows/0/c"),
    ({"x": [[1], [2]]}, "column 'x' is list", "/rows"),
]


@pytest.mark.parametrize(("change", "message", "pointer"), BAD_ROWS)
def test_conform_refuses(change: dict[str, Any], message: str, pointer: str) -> None:
    columns = {name: values for name, values in (GOOD | change).items() if values is not None}
    with pytest.raises(InvalidRows, match=message) as caught:
        conform(pa.table(columns), SCHEMA)
    assert caught.value.pointer == pointer


def test_conform_refuses_no_rows() -> None:
    with pytest.raises(InvalidRows, match="no rows"):
        conform(pa.table(GOOD).slice(0, 0), SCHEMA)


def test_conform_takes_chunks_and_nulls_of_no_type() -> None:
    parts = pa.concat_tables([pa.table(GOOD), pa.table(GOOD)])
    assert conform(parts, SCHEMA).column("c").to_pylist() == ["q", None] * 2
    nothing = conform(pa.table(GOOD | {"n": pa.nulls(2)}), SCHEMA)
    assert np.isnan(nothing.column("n").to_numpy()).all()


def test_conform_training_appends_the_target() -> None:
    data = table(y=pa.array(repeat("a", "b")).dictionary_encode())
    found = conform_training(data, infer(data, target="y"))
    assert found.column_names == ["x", "y"]
    assert found.column("y").type == pa.string()
