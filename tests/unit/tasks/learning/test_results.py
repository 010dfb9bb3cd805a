"""What a result is made of beside the predictions: names of columns, what comes back, notes in a header."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import Any

import pyarrow as pa
import pytest

from tasks.errors import InvalidRows
from tasks.learning.kept import listed_values, with_kept
from tasks.learning.notes_header import MOST_BYTES, header_of
from tasks.learning.result_columns import kept_names, result_names, unique
from tasks.tables.columns import Column, Problem, Schema
from tasks.tables.findings import Finding


def schema(classes: list[Any], *, named: bool = True) -> Schema:
    problem: Problem = "multiclass" if len(classes) > 2 else "binary"
    return Schema([Column("a", "number")], target="y", problem=problem, classes=classes, names_classes=named)


@pytest.mark.parametrize(
    ("classes", "names"),
    [
        (["no", "yes"], ["probability_no", "probability_yes"]),
        ([False, True], ["probability_false", "probability_true"]),
        ([3, 1000], ["probability_3", "probability_1000"]),
        ([0.5, 1.0], ["probability_0.5", "probability_1"]),
        (['so "called"', "a,b"], ['probability_so "called"', "probability_a,b"]),
    ],
)
def test_columns_are_named_by_the_classes(classes: list[Any], names: list[str]) -> None:
    given = ["prediction", "probability_0", "probability_1", "raw", "base", "contribution_a"]
    assert result_names(given, schema(classes)) == ["prediction", *names, "raw", "base", "contribution_a"]
    assert result_names(given, schema(classes, named=False)) == given


def test_explanations_of_several_classes_are_named_by_them() -> None:
    given = ["prediction", "probability_10", "raw_0", "base_2", "contribution_1_a", "contribution_1_0"]
    classes = [f"k{index}" for index in range(11)]
    names = ["prediction", "probability_k10", "raw_k0", "base_k2", "contribution_k1_a", "contribution_k1_0"]
    assert result_names(given, schema(classes)) == names


def test_no_two_columns_have_one_name() -> None:
    given = ["contribution_0_b_c", "contribution_1_c"]
    assert result_names(given, schema(["a", "a_b", "c"])) == ["contribution_a_b_c", "contribution_a_b_c_2"]
    assert unique(["a", "a", "a_2", "a"]) == ["a", "a_2", "a_2_2", "a_3"]
    assert kept_names(["id", "prediction", "kept_prediction"], ["prediction"]) == [
        "id",
        "kept_prediction",
        "kept_prediction_2",
    ]


def test_kept_columns_come_first() -> None:
    results = pa.table({"prediction": [1.5, 2.5]})
    found = with_kept(results, {"id": ["A", None], "prediction": pa.chunked_array([[1, 2]])})
    assert found.to_pydict() == {"id": ["A", None], "kept_prediction": [1, 2], "prediction": [1.5, 2.5]}


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([1, None, 2.5], [1.0, None, 2.5]),
        ([True, None, False], [True, None, False]),
        ([1, "a", True], ["1", "a", "true"]),
        ([{"k": [1]}, None, "é"], ['{"k": [1]}', None, "é"]),
        ([2**70, 1, None], [str(2**70), "1", None]),
    ],
)
def test_values_of_json_come_back_as_they_came_and_in_a_table_as_text_where_they_are_mixed(
    values: list[Any], written: list[Any]
) -> None:
    assert listed_values({"k": values}) == {"k": values}
    assert with_kept(pa.table({"prediction": [0, 0, 0]}), {"k": values}).column("k").to_pylist() == written


@pytest.mark.parametrize(
    ("array", "listed"),
    [
        (pa.array(["007"]), ["007"]),
        (pa.array(["a"]).dictionary_encode(), ["a"]),
        (pa.array(["a"], pa.large_string()), ["a"]),
        (pa.array([decimal.Decimal("1.50")]), [decimal.Decimal("1.50")]),
        (pa.array([1], pa.timestamp("ns")), [dt.datetime(1970, 1, 1)]),
        (pa.array([b"abc"]), ["abc"]),
    ],
)
def test_values_of_tables_come_back(array: pa.Array, listed: list[Any]) -> None:
    values = pa.chunked_array([array])
    assert listed_values({"k": values}) == {"k": listed}
    assert with_kept(pa.table({"prediction": [0]}), {"k": values}).column("k").to_pylist() == listed


def test_what_no_result_can_carry_is_refused() -> None:
    with pytest.raises(InvalidRows, match=r"column 'k' is list<.*which no result can carry"):
        with_kept(pa.table({"prediction": [0]}), {"k": pa.chunked_array([[[1]]])})


def test_a_header_is_short_and_ascii() -> None:
    notes = [Finding(code="unknown_column", severity="info", message="m", column=f"größe {i}") for i in range(100)]
    few = json.loads(header_of(notes[:2]))
    assert few == [{"code": "unknown_column", "column": "größe 0"}, {"code": "unknown_column", "column": "größe 1"}]
    many = header_of(notes)
    assert many.isascii()
    assert MOST_BYTES - 100 < len(many) <= MOST_BYTES
    shown = json.loads(many)
    assert shown[-1] == {"code": "more_notes", "count": 100 - (len(shown) - 1)}
    long = Finding(code="unknown_column", severity="info", message="m", column="x" * 5000)
    assert json.loads(header_of([long])) == [{"code": "more_notes", "count": 1}]
    text = header_of([Finding(code="c", severity="info", message="m", column="line\r\nbreak", count=2, rows=[0, 1])])
    assert "\n" not in text
    assert json.loads(text) == [{"code": "c", "column": "line\r\nbreak", "count": 2, "rows": [0, 1]}]
