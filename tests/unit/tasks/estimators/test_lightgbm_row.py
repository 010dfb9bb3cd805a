"""A booster that is asked for one row at a time."""

from __future__ import annotations

import gc
import weakref
from typing import Any

import numpy as np
import pytest

from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_row import OneRow
from tests.unit.tasks.native.test_compiling import booster


def loaded(params: dict[str, Any]) -> Any:
    return load_lightgbm().Booster(model_str=booster(params, rounds=7).model_to_string())


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"objective": "binary", "sigmoid": 1.7},
        {"objective": "multiclass", "num_class": 3},
        {"objective": "multiclassova", "num_class": 3},
        {"objective": "poisson"},
        {"reg_sqrt": True},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        {"linear_tree": True},
    ],
    ids=lambda params: str(params.get("objective", next(iter(params), "regression"))),
)
def test_predictions_are_those_of_the_booster(params: dict[str, Any]) -> None:
    whole = loaded(params)
    function = OneRow(whole).function(1)
    assert function is not None
    rows = np.random.default_rng(1).normal(size=(100, 4)) * 3
    rows[::7, 1] = np.nan
    for at in range(len(rows)):
        row = np.ascontiguousarray(rows[at : at + 1])
        np.testing.assert_array_equal(function(row), whole.predict(row), strict=True)


def test_a_booster_that_stopped_early_answers_with_its_best_trees() -> None:
    whole = loaded({})
    whole.best_iteration = 3
    function = OneRow(whole).function(1)
    row = np.full((1, 4), 0.5)
    assert function is not None
    assert function(row) == whole.predict(row, num_iteration=3) != whole.predict(row, num_iteration=-1)


def test_what_is_no_such_row_is_for_the_booster() -> None:
    whole = loaded({})
    one = OneRow(whole)
    assert one.function(2) is None
    function = one.function(1)
    assert function is not None
    turned = np.asfortranarray(np.random.default_rng(1).normal(size=(4, 8)))[:, :4][1:2]
    np.testing.assert_array_equal(function(turned), whole.predict(turned))
    with pytest.raises(load_lightgbm().basic.LightGBMError, match="number of features"):
        function(np.zeros((1, 3)))


def test_nothing_is_left_of_a_booster_that_nobody_needs() -> None:
    whole = loaded({})
    one = OneRow(whole)
    function = one.function(1)
    assert function is not None
    function(np.zeros((1, 4)))
    end = weakref.ref(whole)
    del whole, one, function
    gc.collect()
    assert end() is None
