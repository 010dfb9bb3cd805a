"""What each column adds to a prediction: it sums to the raw prediction, and that becomes the prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField
from tasks.estimators.base import Estimator
from tasks.estimators.lightgbm import LightGBM, LightGBMModel
from tasks.learning.answers import explained
from tasks.tables.schema import conform
from tests.unit.tasks.estimators.test_estimators import PARAMS, PROBLEMS, dataset, nothing

#: Params under which raw values mean the same.
KINDS: list[dict[str, Any]] = [
    {},
    {"boosting": "dart"},
    {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7},
    {"extra_trees": True, "boost_from_average": False},
]


def made(problem: str, params: dict[str, Any], *, stored: bool) -> tuple[LightGBM, LightGBMModel, pa.Table]:
    """An estimator, a model that may have been through bytes, and its holdout."""
    estimator, data = LightGBM(threads=2), dataset(problem)
    model = estimator.fit(data, {**PARAMS, **params}, nothing)
    model = estimator.load(estimator.dump(model)) if stored else model
    return estimator, model, conform(data.holdout.drop_columns(["target"]), data.schema)


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("params", KINDS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_contributions_sum_to_raw_and_raw_is_the_prediction(problem: str, params: dict[str, Any], stored: bool) -> None:
    estimator, model, rows = made(problem, params, stored=stored)
    assert sum(rows.column(name).null_count for name in rows.column_names)
    found = explained(estimator.explain(model, rows), model.schema)
    raw, parts = np.array(found["raw"]), found["contributions"]
    values, base = np.array(parts["values"]), np.array(parts["base"])
    assert parts["columns"] == model.schema.names
    assert values.shape == (*raw.shape, len(model.schema.columns))
    np.testing.assert_allclose(values.sum(axis=-1) + base, raw, atol=1e-9)
    # Not all on one column, and not the same for each row.
    assert (np.abs(values).max(axis=tuple(range(values.ndim - 1))) > 0).sum() > 1
    predictions = estimator.predict(model, rows)
    if problem == "regression":
        given = raw
    elif problem == "binary":
        given = np.column_stack([1 / (1 + np.exp(raw)), 1 / (1 + np.exp(-raw))])
    else:
        powers = np.exp(raw)
        given = powers / powers.sum(axis=1, keepdims=True)
    names = [n for n in predictions.column_names if n.startswith("probability_")] or ["prediction"]
    expected = np.column_stack([predictions.column(name).to_numpy() for name in names])
    np.testing.assert_allclose(given.reshape(len(expected), -1), expected, atol=1e-9)


def test_a_row_is_explained_as_it_is_alone() -> None:
    estimator, model, rows = made("multiclass", {}, stored=True)
    whole = estimator.explain(model, rows)
    assert estimator.explain(model, rows.slice(5, 1)).equals(whole.slice(5, 1))


def test_a_logarithm_for_poisson() -> None:
    estimator, data = LightGBM(), dataset("regression")
    target = pa.array(np.abs(data.train.column("target").to_numpy()))
    positive = type(data)(data.train.set_column(4, "target", target), data.holdout.slice(0, 0), data.schema)
    model = estimator.fit(positive, {**PARAMS, "objective": "poisson"}, nothing)
    rows = conform(data.holdout.drop_columns(["target"]), data.schema)
    raw = estimator.explain(model, rows).column("raw").to_numpy()
    np.testing.assert_allclose(np.exp(raw), estimator.predict(model, rows).column("prediction").to_numpy())


def test_linear_trees_cannot_be_explained() -> None:
    estimator, model, rows = made("regression", {"linear_tree": True}, stored=True)
    with pytest.raises(InvalidField, match=r"explain cannot be used .* linear trees") as caught:
        estimator.explain(model, rows)
    assert caught.value.pointer == "?explain"


def test_an_estimator_that_does_not_explain() -> None:
    _, model, rows = made("regression", {}, stored=True)
    with pytest.raises(InvalidField, match="explain cannot be used: ") as caught:
        Estimator.explain(LightGBM(), model, rows)
    assert caught.value.pointer == "?explain"
