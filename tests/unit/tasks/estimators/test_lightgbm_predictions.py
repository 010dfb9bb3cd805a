"""What a fit has said of its validation rows is what the model says of them, to the bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.estimators.lightgbm import LightGBM, LightGBMModel
from tasks.tables.schema import conform, missing_anywhere
from tests.unit.tasks.estimators.test_estimators import PROBLEMS, data

ROWS = 900


def table(problem: str) -> pa.Table:
    """Numbers with missing values, and categories of which some are rare and some only in a few rows."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(ROWS, 3))
    city = np.array([f"c{number}" for number in np.minimum(rng.geometric(0.2, ROWS), 30)])
    x[rng.random(ROWS) < 0.2, 1] = np.nan
    score = x[:, 0] + 2 * np.sin(np.nan_to_num(x[:, 1])) + (city == "c3") + 0.3 * rng.normal(size=ROWS)
    target: Any = {
        "regression": score,
        "binary": np.where(score > 0, "yes", "no"),
        "multiclass": np.array(["a", "b", "c", "d"])[np.clip(np.digitize(score, [-1, 0, 1]), 0, 3)],
        "poisson": rng.poisson(np.exp(score / 3)).astype(float),
    }[problem]
    return pa.table({"a": x[:, 0], "b": x[:, 1], "c": x[:, 2], "city": city, "y": target})


def fitted(found: pa.Table, params: dict[str, Any], **options: Any) -> tuple[Any, Any, LightGBMModel]:
    estimator = LightGBM(threads=2)
    dataset = estimator.prepare(found, {"target": found.column_names[-1], **options})
    return estimator, dataset, estimator.fit(dataset, params, lambda *_: None)


@pytest.mark.parametrize("problem", ["regression", "binary", "multiclass", "poisson"])
@pytest.mark.parametrize("more", [{}, {"data_sample_strategy": "goss"}, {"bagging_fraction": 0.5, "bagging_freq": 1}])
def test_what_the_fit_has_said_is_what_the_model_says(problem: str, more: dict[str, Any]) -> None:
    objective = {"objective": "poisson"} if problem == "poisson" else {}
    params = {"num_iterations": 30, "early_stopping_round": 0, **objective, **more}
    options = {"problem": "regression"} if problem == "poisson" else {}
    estimator, dataset, model = fitted(table(problem), params, **options)
    told = estimator.told(model, dataset.holdout)
    assert told is not None
    features = conform(dataset.holdout.select(dataset.schema.names), missing_anywhere(dataset.schema))
    assert told.equals(estimator.predict(model, features))
    assert estimator.told(model, dataset.tested) is None


def test_of_a_fit_that_went_on_for_too_long_nothing_is_said() -> None:
    estimator, dataset, model = fitted(table("regression"), {"num_iterations": 400, "learning_rate": 0.5})
    assert model.booster.num_trees() < 300
    assert estimator.told(model, dataset.holdout) is None


@pytest.mark.parametrize(
    "params", [{"boosting": "dart"}, {"linear_tree": True}, {"objective": "quantile", "alpha": [0.1, 0.9]}]
)
def test_of_other_fits_nothing_is_said(params: dict[str, Any]) -> None:
    estimator, dataset, model = fitted(table("regression").drop_columns(["city"]), {"num_iterations": 5, **params})
    assert estimator.told(model, dataset.holdout) is None


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_model_that_was_loaded_says_nothing_of_its_fit(problem: str) -> None:
    estimator, dataset, model = fitted(data(problem), {"num_iterations": 5})
    assert estimator.told(estimator.load(estimator.dump(model)), dataset.holdout) is None
