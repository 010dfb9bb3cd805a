"""Columns and metrics by name, and targets that an objective cannot have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.base import Dataset
from tasks.estimators.lightgbm import LightGBM
from tasks.learning.measuring import grade

PARAMS = {"n_estimators": 20, "min_data_in_leaf": 5}


def data(target: str = "amount", rows: int = 500, **options: Any) -> Dataset:
    rng = np.random.default_rng(2)
    x, z = rng.uniform(0, 3, size=rows), rng.uniform(0, 3, size=rows)
    amount = 3 * x + z * x + rng.normal(size=rows)
    targets = {
        "amount": amount,
        "counts": rng.poisson(np.exp(x / 2)),
        "class": np.digitize(amount, [3, 8]),
        "rare": np.where(amount > 11, "yes", "no"),
        "zeros": np.maximum(amount - 4, 0),
    }
    made = {"x": x, "z": z, "city": rng.choice(["a", "b"], size=rows), "y": targets[target]}
    return LightGBM().prepare(pa.table(made), {"target": "y", **options})


def quiet(*_: Any) -> None:
    """Progress that nobody follows."""


def fit(ready: Dataset, **params: Any) -> Any:
    LightGBM().check(params)
    return LightGBM().fit(ready, {**PARAMS, **params}, quiet)


def answers(model: Any) -> list[float]:
    """What it says of z from 0 to 3, where all else is equal."""
    city = pa.DictionaryArray.from_arrays(pa.array([0] * 60, pa.int32()), ["a", "b"])
    grid = pa.table({"x": np.full(60, 1.5), "z": np.linspace(0, 3, 60), "city": city})
    return list(LightGBM().predict(model, grid)["prediction"].to_pylist())


def test_a_column_rises_by_name() -> None:
    ready = data()
    falls = answers(fit(ready, monotone_constraints={"z": -1}))
    rises = answers(fit(ready, monotone_constraints={"z": 1, "x": 0}))
    assert (np.diff(falls) <= 0).all()
    assert (np.diff(rises) >= 0).all()
    assert rises[-1] > rises[0]
    assert falls == answers(fit(ready, monotone_constraints=[0, -1, 0]))


def test_columns_interact_by_name() -> None:
    ready = data()
    named = fit(ready, interaction_constraints=[["x"], ["z", "city"]])
    assert LightGBM().params_used(named)["interaction_constraints"] == [[0], [1, 2]]
    counted = fit(ready, interaction_constraints=[[0], [1, 2]])
    assert answers(named) == answers(counted) != answers(fit(ready))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"monotone_constraints": {"zz": 1}}, r"names columns that are not learned from: 'zz' \(did you mean 'z'"),
        ({"monotone_constraints": {"city": 1}}, "must be 0 for 'city', which is a category"),
        ({"monotone_constraints": {"x": 2}}, "numbers of -1, 0 and 1, one a feature, or an object of names"),
        ({"monotone_constraints": {"x": "up"}}, "must be a finite number"),
        ({"interaction_constraints": [["x", "y"]]}, "names columns that are not learned from: 'y'"),
        ({"objective": "quantile", "monotone_constraints": {"x": 1}}, "cannot be used with the objective 'quantile'"),
        ({"objective": "mae", "monotone_constraints": [1, 0, 0]}, "cannot be used with the objective 'mae'"),
    ],
)
def test_constraints_that_cannot_be_are_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParams, match=words) as caught:
        fit(data(), **params)
    assert caught.value.pointer in ("/params/monotone_constraints", "/params/interaction_constraints")


def test_signs_that_are_all_0_are_as_none() -> None:
    assert fit(data(), objective="quantile", monotone_constraints={"x": 0}).booster.num_trees() > 1


@pytest.mark.parametrize(
    ("target", "metric"),
    [("amount", "r2"), ("class", "f1"), ("class", "balanced_accuracy"), ("rare", "calibration_error")],
)
def test_a_fit_stops_by_a_metric_of_ours(target: str, metric: str) -> None:
    told: list[Any] = []
    ready = data(target)
    params = {**PARAMS, "n_estimators": 60, "early_stopping_rounds": 10, "metric": metric}
    LightGBM().check(params)
    model = LightGBM().fit(ready, params, lambda *step: told.append(step[2]))
    heard = [step["holdout"][metric] for step in told]
    best = int(np.argmin(heard) if metric == "calibration_error" else np.argmax(heard))
    assert model.booster.best_iteration == best + 1
    # What was heard is what the rows give.
    graded = grade(
        LightGBM(), LightGBM().load(LightGBM().dump(model)), Dataset(ready.train, ready.holdout, ready.schema)
    )
    assert graded.metrics[metric] == pytest.approx(heard[best], abs=1e-6)
    assert metric in told[0]["train"]


def test_options_name_such_a_metric() -> None:
    model = LightGBM().fit(data("class", metric="f1"), PARAMS, quiet)
    assert LightGBM().params_used(model)["metric"] == "f1"
    with pytest.raises(InvalidParams, match="metric 'f1' is none of a regression"):
        LightGBM().fit(data(), {**PARAMS, "metric": "f1"}, quiet)


def test_several_metrics_are_measured_side_by_side() -> None:
    told: list[Any] = []
    LightGBM().fit(data("class"), {**PARAMS, "metric": ["multi_error", "f1"]}, lambda *step: told.append(step[2]))
    assert set(told[0]["holdout"]) == {"multi_error", "f1"}


@pytest.mark.parametrize(
    ("target", "objective", "words"),
    [
        ("amount", "poisson", r"needs a target of 0 or more; \d+ of 500 rows have less, the least -"),
        ("amount", "tweedie", "needs a target of 0 or more"),
        ("zeros", "gamma", r"needs a target above 0; \d+ of 500 rows have 0 or less, the least 0"),
    ],
)
def test_targets_that_an_objective_cannot_have(target: str, objective: str, words: str) -> None:
    with pytest.raises(InvalidParams, match=words) as caught:
        fit(data(target), objective=objective)
    assert caught.value.pointer == "/params/objective"


@pytest.mark.parametrize(("target", "objective"), [("counts", "poisson"), ("zeros", "tweedie")])
def test_amounts_that_are_never_below_0(target: str, objective: str) -> None:
    model = fit(data(target, problem="regression"), objective=objective)
    assert LightGBM().params_used(model)["metric"] == objective
    assert min(answers(model)) > 0


def test_classes_of_few_rows_count_more_by_their_weights() -> None:
    plain, weighed = fit(data("class")), fit(data("class", class_weight={"0": 1, "1": 1, "2": 20}))
    asked = data("class").tested
    counts = [LightGBM().predict(model, asked)["prediction"].to_pylist().count(2) for model in (plain, weighed)]
    assert counts[1] > counts[0]


def test_linear_trees_are_fitted_and_not_explained() -> None:
    ready = data()
    model = fit(ready, linear_tree=True)
    assert grade(LightGBM(), model, ready).metrics["r2"] > 0.8
    with pytest.raises(InvalidField, match="explain cannot be used") as caught:
        LightGBM().explain(model, ready.tested)
    assert caught.value.pointer == "?explain"
