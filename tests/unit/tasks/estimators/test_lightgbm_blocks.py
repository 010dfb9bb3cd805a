"""A booster as several of few trees each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.estimators import lightgbm_blocks
from tasks.estimators.lightgbm_blocks import LEAST_ROWS, Blocks
from tasks.estimators.lightgbm_library import load_lightgbm
from tests.unit.tasks.native.test_compiling import booster


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks that leave a rest of seven trees."""
    monkeypatch.setattr(lightgbm_blocks, "BLOCK_TREES", 3)
    monkeypatch.setattr(lightgbm_blocks, "LEAST_TREES", 6)


def blocks_of(params: dict[str, Any], *, rounds: int = 7) -> tuple[Any, Blocks]:
    """A booster from its text, and its blocks."""
    text = booster(params, rounds=rounds).model_to_string()
    found = load_lightgbm().Booster(model_str=text)
    return found, Blocks(found, text.encode())


@pytest.mark.parametrize(
    "params",
    [{}, {"objective": "quantile"}, {"objective": "lambdarank"}, {"objective": "binary", "sigmoid": 1.7}],
    ids=lambda params: params.get("objective", "regression"),
)
def test_predictions_are_those_of_the_whole(params: dict[str, Any]) -> None:
    whole, blocks = blocks_of(params)
    function = blocks.function(LEAST_ROWS)
    rows = np.random.default_rng(1).normal(size=(500, 4)) * 3
    assert function is not None
    np.testing.assert_allclose(function(rows), whole.predict(rows), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize(
    "params",
    [
        {"reg_sqrt": True},
        {"objective": "poisson"},
        {"objective": "multiclass", "num_class": 3},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        {"objective": "cross_entropy"},
    ],
    ids=lambda params: params.get("objective", next(iter(params))),
)
def test_where_the_sum_is_not_the_prediction_the_whole_predicts(params: dict[str, Any]) -> None:
    assert blocks_of(params)[1].function(LEAST_ROWS) is None


def test_few_rows_and_few_trees_are_left_to_the_whole() -> None:
    assert blocks_of({})[1].function(LEAST_ROWS - 1) is None
    assert blocks_of({}, rounds=5)[1].function(LEAST_ROWS) is None
