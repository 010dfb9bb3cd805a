"""What another table changes of a model in use."""

from __future__ import annotations

from tasks.learning.guarding import differences
from tasks.tables.columns import Column, Schema
from tasks.tables.plan import ColumnPlan, Plan

OLD = Schema(columns=[Column("a", "number"), Column("b", "category", ["x"])], target="y", problem="regression")


def schema(*columns: Column, target: str = "y", problem: str = "regression") -> Schema:
    return Schema(columns=list(columns), target=target, problem=problem)  # type: ignore[arg-type]


def test_the_same_columns_in_another_order_with_other_categories_are_no_difference() -> None:
    assert differences(OLD, schema(Column("b", "category", ["z"]), Column("a", "number", nullable=True))) == []


def test_each_difference_is_said() -> None:
    new = schema(Column("a", "boolean"), Column("c", "number"), target="z", problem="binary")
    assert differences(OLD, new) == [
        "the target is 'z', not 'y'",
        "the problem is binary, not regression",
        "it has no 'b'",
        "new columns: 'c'",
        "column 'a' is boolean, not number",
    ]


def test_a_column_that_would_be_left_out_is_there() -> None:
    plan = Plan(columns=[ColumnPlan(name="a", role="feature"), ColumnPlan(name="b", role="ignore")])
    assert differences(OLD, schema(Column("a", "number")), plan=plan) == ["'b' would not be learned from"]
