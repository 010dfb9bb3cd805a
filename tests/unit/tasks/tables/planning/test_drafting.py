"""What a table is found to be."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidTable, InvalidTarget, NoFeatures
from tasks.estimators.base import Dataset
from tasks.estimators.lightgbm import LightGBM
from tasks.tables.columns import Schema
from tasks.tables.plan import Plan
from tasks.tables.planning.source import Source

ROWS = 20


def table(**columns: Any) -> pa.Table:
    """20 rows with a feature and a target, unless given."""
    rows = np.arange(ROWS)
    return pa.table({"x": rows * 7 % 10 / 2, "y": rows * 3 % ROWS * 1.5, **columns})


def repeat(*values: Any) -> list[Any]:
    """20 values."""
    return [values[i % len(values)] for i in range(ROWS)]


def prepared(data: pa.Table, target: str = "y", **options: Any) -> Dataset:
    return LightGBM().prepare(data, {"target": target, **options})


def found(dataset: Dataset) -> dict[str, str | None]:
    """The column of each code that was found."""
    assert dataset.plan is not None
    return {finding.code: finding.column for finding in dataset.plan.findings}


def test_types() -> None:
    dataset = prepared(
        table(
            x=pa.array(repeat(1, 2, None)),
            flag=repeat(True, False),
            text=repeat("b", "a", None),
            coded=pa.array(repeat("u", "v")).dictionary_encode(),
            large=pa.array(repeat("k", "l"), pa.large_string()),
            money=pa.array(repeat("1.5", "2.5")).cast(pa.decimal128(5, 2)),
            holes=repeat(1.0, float("nan")),
        )
    )
    assert [(column.name, column.type, column.categories, column.nullable) for column in dataset.schema.columns] == [
        ("x", "number", [], True),
        ("flag", "boolean", [], False),
        ("text", "category", ["a", "b"], True),
        ("coded", "category", ["u", "v"], False),
        ("large", "category", ["k", "l"], False),
        ("money", "number", [], False),
        ("holes", "number", [], True),
    ]
    assert (dataset.schema.problem, dataset.schema.classes) == ("regression", [])
    assert dataset.plan is not None
    assert [column.name for column in dataset.plan.columns] == [
        *dataset.schema.names[:1],
        "y",
        *dataset.schema.names[1:],
    ]


@pytest.mark.parametrize(
    ("target", "problem", "classes", "said"),
    [
        (repeat("no", "yes"), "binary", ["no", "yes"], False),
        (repeat("a", "b", "c"), "multiclass", ["a", "b", "c"], False),
        (repeat(True, False), "binary", [False, True], False),
        (repeat(0.0, 1.0), "binary", [0, 1], True),
        (repeat(-1.0, 1.0), "binary", [-1, 1], True),
        (repeat(0.0, 2.5), "regression", [], False),
        (repeat(7, 900), "binary", [7, 900], True),
        (repeat(3, 1, 2), "multiclass", [1, 2, 3], True),
        (repeat(3.0, 1.0, 2.0), "multiclass", [1, 2, 3], True),
        (repeat(3, 1, 200), "regression", [], True),
        (list(range(10)) * 2, "regression", [], True),
    ],
)
def test_guess_of_the_problem(target: list[Any], problem: str, classes: list[Any], said: bool) -> None:
    dataset = prepared(table(y=target))
    assert (dataset.schema.problem, dataset.schema.classes) == (problem, classes)
    assert list(map(type, dataset.schema.classes)) == list(map(type, classes))
    assert ("problem_guessed" in found(dataset)) is said


def test_many_whole_numbers_are_amounts() -> None:
    rows = 400
    for values, problem in ((11, "regression"), (10, "multiclass")):
        data = pa.table({"x": np.arange(rows) % 7, "y": np.arange(rows) % values})
        assert prepared(data).schema.problem == problem


def test_the_problem_may_be_given() -> None:
    assert prepared(table(y=repeat(0, 1)), problem="regression").schema.classes == []
    assert "problem_guessed" not in found(prepared(table(y=repeat(0, 1)), problem="regression"))
    assert prepared(table(y=repeat(1.5, 2.5)), problem="binary").schema.classes == [1.5, 2.5]
    with pytest.raises(InvalidField, match="problem must be one of"):
        prepared(table(), problem="guess")
    with pytest.raises(InvalidTarget, match="a regression needs numbers"):
        prepared(table(y=repeat("a", "b")), problem="regression")
    with pytest.raises(InvalidTarget, match="binary needs two"):
        prepared(table(y=repeat(1, 2, 3)), problem="binary")


@pytest.mark.parametrize("values", [["a", "b"], [False, True], [1, 2], [1.5, 2.5]])
def test_schema_and_plan_survive_json(values: list[Any]) -> None:
    dataset = prepared(table(y=repeat(*values)), problem="binary")
    again = msgspec.json.decode(msgspec.json.encode(dataset.schema), type=Schema)
    assert again == dataset.schema
    assert list(map(type, again.classes)) == list(map(type, values))
    assert msgspec.json.decode(msgspec.json.encode(dataset.plan), type=Plan) == dataset.plan


LEFT_OUT: list[tuple[str, Any, str, str]] = [
    ("k", [None] * ROWS, "no_value", "ignore"),
    ("k", [float("nan")] * ROWS, "no_value", "ignore"),
    ("k", pa.nulls(ROWS), "no_value", "ignore"),
    ("k", [5] * ROWS, "constant", "ignore"),
    ("k", ["same"] * ROWS, "constant", "ignore"),
    ("k", pa.array(["same"] * ROWS).dictionary_encode(), "constant", "ignore"),
    ("k", [True] * ROWS, "constant", "ignore"),
    ("", list(range(ROWS)), "row_number", "ignore"),
    ("Unnamed: 0", list(range(1, ROWS + 1)), "row_number", "ignore"),
    ("rownames", list(range(1, ROWS + 1)), "row_number", "ignore"),
    ("X", list(range(1, ROWS + 1)), "row_number", "ignore"),
    ("__index_level_0__", [3 * row for row in range(ROWS)], "row_number", "ignore"),
    ("name", [f"n{row}" for row in range(ROWS)], "unique_text", "key"),
    ("k", [[1]] * ROWS, "unsupported_type", "ignore"),
]


@pytest.mark.parametrize(("name", "values", "code", "role"), LEFT_OUT)
def test_what_is_left_out(name: str, values: Any, code: str, role: str) -> None:
    dataset = prepared(table(**{name: values}))
    assert dataset.schema.names == ["x"]
    assert found(dataset) == {code: name}
    assert [(beside.name, beside.role) for beside in dataset.schema.beside] == [(name, role)]
    assert dataset.plan is not None
    assert {column.name: column.role for column in dataset.plan.columns}[name] == role


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("x", list(range(ROWS))),
        ("X", list(range(ROWS))),
        ("index", [*range(ROWS - 1), 0]),
        ("Unnamed: 0", [*range(ROWS - 1), None]),
        ("k", [1] * (ROWS - 1) + [None]),
        ("text", repeat("a", "b", None)),
    ],
)
def test_what_is_kept(name: str, values: list[Any]) -> None:
    dataset = prepared(table(**{name: values}))
    assert name in dataset.schema.names
    assert set(found(dataset)) <= {"sequence"}


def test_what_is_said_to_be_a_feature_is_kept() -> None:
    dataset = prepared(table(k=[5] * ROWS, index=range(ROWS)), columns={"k": "number", "index": "feature"})
    assert dataset.schema.names == ["x", "k", "index"]
    assert found(dataset) == {}


def test_numbers_out_of_range_count_as_missing() -> None:
    dataset = prepared(table(k=[1.0, 2.0, 3.0, float("inf")] * 5, m=[1.0, -1e308] * 10))
    assert dataset.plan is not None
    (first, second) = dataset.plan.findings
    assert (first.code, first.column, first.count, first.rows) == ("out_of_range", "k", 5, [3, 7, 11, 15, 19])
    assert (second.column, second.count) == ("m", 10)
    assert np.isnan(dataset.train.column("k").to_numpy()).any()
    assert dataset.schema.columns[1].nullable


def test_rows_without_a_target_are_left_out() -> None:
    rows = list(range(ROWS))
    rows[3] = rows[9] = None  # type: ignore[call-overload]
    dataset = (
        LightGBM()
        .knowing(Source(lines_of=lambda rows: [row + 2 for row in rows]))
        .prepare(table(y=rows, k=[float("inf") if row == 10 else row for row in range(ROWS)]), {"target": "y"})
    )
    assert dataset.rows == ROWS - 2
    assert dataset.plan is not None
    missing, outside, *_ = dataset.plan.findings
    assert (missing.code, missing.count, missing.rows, missing.lines) == ("missing_target", 2, [3, 9], [5, 11])
    # Rows are numbered as they came.
    assert (outside.rows, outside.lines) == ([10], [12])


def test_bad_tables() -> None:
    with pytest.raises(InvalidTable, match="0 rows; at least 10 rows"):
        prepared(table().slice(0, 0))
    with pytest.raises(InvalidTable, match="9 rows; at least 10 rows"):
        prepared(table().slice(0, 9))
    with pytest.raises(NoFeatures, match="no column beside the target"):
        prepared(table().drop_columns(["x"]))
    twice = pa.Table.from_arrays([pa.array(range(ROWS))] * 3, names=["x", "x", "y"])
    with pytest.raises(InvalidTable, match="given twice: 'x'"):
        prepared(twice)


def test_empty_columns_of_a_spreadsheet_have_no_name() -> None:
    columns = [*table().columns, pa.nulls(ROWS), pa.nulls(ROWS)]
    dataset = prepared(pa.Table.from_arrays(columns, names=["x", "y", "", ""]))
    assert dataset.schema.names == ["x"]
    assert found(dataset) == {"no_value": None}


BAD_TARGETS: list[tuple[list[Any], str]] = [
    ([1.0] * ROWS, "same value in every row"),
    (["a"] * ROWS, "same value in every row"),
    ([None] * ROWS, "no value in any row"),
    ([0.5, 1e308] * 10, "row 1, column 'y': is out of range"),
    ([[1]] * ROWS, "target 'y' is list"),
    ([f"t{row}" for row in range(ROWS)], "20 different values in 20 rows"),
]


@pytest.mark.parametrize(("target", "message"), BAD_TARGETS)
def test_bad_targets(target: list[Any], message: str) -> None:
    with pytest.raises(InvalidTarget, match=message) as caught:
        prepared(table(y=pa.array(target)))
    assert [finding["severity"] for finding in caught.value.findings] == ["error"]


def test_missing_target_lists_the_columns() -> None:
    with pytest.raises(InvalidTarget, match="no column 'z' to be the target; the table has 'x', 'y'"):
        prepared(table(), target="z")


def test_all_that_is_wrong_is_said_at_once() -> None:
    data = pa.table({"k": [5] * 9, "e": pa.nulls(9), "y": [1.5] * 9})
    with pytest.raises(InvalidTable, match=r"the table has 9 rows.*no column beside") as caught:
        prepared(data)
    codes = [finding["code"] for finding in caught.value.findings]
    assert codes == ["few_rows", "constant", "no_value", "no_features"]


def test_a_class_of_one_row_is_kept_for_training() -> None:
    dataset = prepared(table(y=["rare", *["a", "b"] * 9, "a"]))
    assert "rare" in dataset.train.column("y").to_pylist()
    assert "rare" not in dataset.holdout.column("y").to_pylist()
    assert found(dataset)["rare_class"] == "y"


def test_many_categories_are_kept_up_to_a_number() -> None:
    often, rarely = [f"o{number}" for number in range(1000)], [f"r{number}" for number in range(500)]
    texts = np.random.default_rng(1).permutation([*often * 9, *rarely * 2])
    dataset = prepared(pa.table({"t": texts, "y": np.arange(len(texts)) / 2}))
    (column,) = dataset.schema.columns
    assert len(column.categories) == 1000
    assert len(set(often) & set(column.categories)) > 990
    assert found(dataset) == {"many_categories": "t"}
    # The rarer ones are one: a category that is not known.
    assert dataset.train.column("t").null_count > 0
    assert column.nullable


def test_categories_are_those_of_the_rows_to_learn_from() -> None:
    rows = 200
    texts = [f"once{row}" if row % 4 == 0 else "often" for row in range(rows)]
    dataset = prepared(pa.table({"t": texts, "x": np.arange(rows) % 7, "y": np.arange(rows) / 2}))
    column = dataset.schema.columns[0]
    learned = {text for text in dataset.train.column("t").to_pylist() if text is not None}
    assert set(column.categories) == learned
    assert len(learned) < len(set(texts))
    assert dataset.holdout.column("t").null_count > 0
    assert not column.nullable
    assert dataset.holdout.schema == dataset.train.schema


def test_figures_of_the_plan() -> None:
    rows = 101
    data = pa.table(
        {
            "n": [None if row == 50 else float(row) for row in range(rows)],
            "c": ["a" if row % 4 else "b" for row in range(rows)],
            "b": [row % 3 == 0 for row in range(rows)],
            "y": np.arange(rows) / 2,
        }
    )
    dataset = prepared(data)
    assert dataset.plan is not None
    n, c, b, y = dataset.plan.columns
    learned = dataset.train.column("n").to_numpy()
    truth = learned[~np.isnan(learned)]
    assert (n.rows, n.missing, n.distinct) == (len(learned), 1, len(truth))
    assert n.quantiles == pytest.approx(np.quantile(truth, [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99]))
    assert (n.min, n.max, n.typical) == (truth.min(), truth.max(), np.median(truth))
    assert dataset.schema.columns[0].typical == n.typical
    assert [text for text, _ in c.shares] == ["a", "b"]
    assert sum(share for _, share in c.shares) == pytest.approx(1)
    assert (c.typical, b.typical, y.role) == ("a", False, "target")
    assert dataset.plan.row == {"n": n.typical, "c": "a", "b": False}


def test_columns_that_go_with_the_rows() -> None:
    data = table(
        w=repeat(1, 2), g=repeat("a", "b", "c", "d"), when=pa.array(range(ROWS)).cast(pa.timestamp("s")), k=repeat(1, 2)
    )
    dataset = prepared(data, columns={"w": "weight", "g": "group", "when": "time", "k": "ignore"})
    assert dataset.schema.names == ["x"]
    assert dataset.train.column_names == dataset.holdout.column_names == ["x", "y", "w", "g", "when"]
    assert dataset.train.column("w").type == pa.float64()
    assert {beside.name: beside.role for beside in dataset.schema.beside} == {
        "w": "weight",
        "g": "group",
        "when": "time",
        "k": "ignore",
    }


@pytest.mark.parametrize(
    ("values", "role", "message"),
    [
        ([1.0, -1.0] * 10, "weight", "row 1, column 'k': the weight is missing, negative or infinite"),
        ([1.0, None] * 10, "weight", "row 1, column 'k': the weight"),
        ([0.0] * ROWS, "weight", "is 0 in every row"),
        (repeat("a", "b"), "weight", "is the weight and is string"),
        (repeat("a", "b"), "time", "says the time and is string"),
        (repeat(1, None), "time", "no value in 10 rows"),
    ],
)
def test_columns_that_cannot_go_with_the_rows(values: list[Any], role: str, message: str) -> None:
    with pytest.raises(InvalidTable, match=message):
        prepared(table(k=values), columns={"k": role})


def test_options_that_cannot_be_are_said_at_once() -> None:
    with pytest.raises(InvalidField, match=r"'holdot'.*'colums'.*did you mean 'holdout' by 'holdot'.*'columns'"):
        prepared(table(), holdot=1, colums={})
    with pytest.raises(InvalidField, match=r"column 'x': 'categry'.*mean 'category'.*column 'y': unknown fields 'rol'"):
        prepared(table(), columns={"x": "categry", "y": {"rol": "key"}})
    with pytest.raises(InvalidField, match=r"does not have: 'z', 'xx' \(did you mean 'x' by 'xx'\?\)") as caught:
        prepared(table(), columns={"z": "key", "xx": "key"})
    assert caught.value.pointer == "/options/columns/z"
    with pytest.raises(InvalidField, match=r"'soon' is no format of dates; use one of strptime, .*epoch_ms"):
        prepared(table(), columns={"x": {"type": "date", "format": "soon"}})
    with pytest.raises(InvalidField, match="only date, number and text have formats"):
        prepared(table(), columns={"x": {"format": "%Y"}})
    with pytest.raises(InvalidField, match="the target 'y' is 'key'"):
        prepared(table(), columns={"y": "key"})
    with pytest.raises(InvalidField, match="'a', 'b' that each is 'weight'"):
        prepared(table(a=repeat(1), b=repeat(1)), columns={"a": "weight", "b": "weight"})


def test_numbers_that_are_only_0_and_1_are_known_as_such() -> None:
    dataset = prepared(table(a=repeat(0, 1), b=repeat(0.0, 1.0, None), c=repeat(0, 1, 0.5), d=repeat(1, 2)))
    assert {column.name: column.zero_one for column in dataset.schema.columns} == {
        **{"x": False, "a": True, "b": True},
        **{"c": False, "d": False},
    }
