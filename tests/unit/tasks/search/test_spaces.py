"""Spaces that cannot be searched are refused by name, whatever the estimator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.lightgbm import LightGBM
from tasks.search.asked import Range, Search, check_bounds, read_search
from tasks.search.spaces import check_space
from tasks.tables.columns import Column, Schema

SCHEMA = Schema([Column("a", "number"), Column("b", "category", ["x", "y"])], "y", "regression")


def fault(space: dict[str, Any], params: Mapping[str, Any] | None = None) -> tuple[str, str | None]:
    with pytest.raises((InvalidField, InvalidParams)) as found:
        check_space(read_search({"seconds": 1, "space": space}).space or {}, params or {}, check=LightGBM().check)
    return str(found.value), found.value.pointer


def test_params_that_lightgbm_does_not_know_are_all_named() -> None:
    said, pointer = fault({"num_leafs": [3, 5], "max_bin": [63], "lerning_rate": {"low": 0.1, "high": 0.2}})
    assert "'num_leafs' (did you mean num_leaf or num_leaves" in said
    assert "'lerning_rate' (did you mean learning_rate" in said
    assert pointer == "/search/space/num_leafs"


@pytest.mark.parametrize(
    ("domain", "reason"),
    [
        ({"low": 3, "high": 3}, "low must be below high"),
        ({"low": 0, "high": 1, "log": True}, "low must be above 0"),
        ({"low": 2, "high": 7.5, "integer": True}, "must be whole"),
        ({"low": 0, "high": 1e300}, "-2^53 to 2^53"),
        ({"low": 2, "high": 7, "start": 8}, "start must be from 2 to 7"),
        ([], "1 to 100 values"),
        ({"low": 2, "high": 10**12, "integer": True}, "num_leaves"),
    ],
)
def test_a_domain_that_cannot_be_is_refused(domain: Any, reason: str) -> None:
    said, pointer = fault({"num_leaves": domain})
    assert reason in said
    assert pointer == "/search/space/num_leaves"


def test_a_param_is_fixed_or_looked_for() -> None:
    assert "fixed" in fault({"num_leaves": [3, 5]}, {"num_leaves": 7})[0]


def test_a_search_needs_an_end_that_can_be() -> None:
    for given, pointer in (
        ({}, "/search"),
        ({"trials": 0}, "/search/trials"),
        ({"seconds": 0}, "/search/seconds"),
        ({"seconds": 81}, "/search/seconds"),
    ):
        with pytest.raises(InvalidField) as found:
            check_bounds(read_search(given), limit_seconds=100)
        assert found.value.pointer == pointer
    check_bounds(Search(seconds=80, trials=1), limit_seconds=100)
    with pytest.raises(InvalidField, match="second"):
        read_search({"second": 3})


def test_lightgbm_names_a_space_that_it_takes_and_leaves_out_what_is_given() -> None:
    for rows in (20, 1000, 10**6):
        space = LightGBM().search_space(_dataset(rows), {})
        check_space(read_search({"seconds": 1, "space": space}).space or {}, {}, check=LightGBM().check)
    assert "cat_smooth" in space
    less = LightGBM().search_space(_dataset(1000), {"n_estimators": 10, "eta": 0.1, "boosting": "goss"})
    assert {"num_iterations", "learning_rate", "bagging_fraction"} & less.keys() == set()
    assert less["num_leaves"] == {"low": 4, "high": 50, "log": True, "integer": True, "start": 16}


def _dataset(rows: int) -> Any:
    import pyarrow as pa

    from tasks.estimators.base import Dataset

    table = pa.table({"a": [0.0] * rows})
    return Dataset(table, table.slice(0, 0), SCHEMA)


def test_a_range_is_two_numbers() -> None:
    assert read_search({"trials": 1, "space": {"a": {"low": 1, "high": 2}}}).space == {"a": Range(low=1, high=2)}
