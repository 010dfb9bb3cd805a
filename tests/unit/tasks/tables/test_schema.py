"""What a table is found to be, and what does not fit it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidRows
from tasks.tables.columns import Column, Schema
from tasks.tables.schema import arrow_schema, conform

ROWS = 20


def table(**columns: Any) -> pa.Table:
    """20 rows with a feature and a target, unless given."""
    return pa.table({"x": np.arange(ROWS, dtype=float), "y": np.arange(ROWS) * 1.5, **columns})


def repeat(*values: Any) -> list[Any]:
    """20 values."""
    return [values[i % len(values)] for i in range(ROWS)]


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
