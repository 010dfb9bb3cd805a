"""By which rows trials are judged: never by the test rows."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import EstimatorFailed, InvalidField
from tasks.estimators.base import Dataset
from tasks.estimators.lightgbm import LightGBM
from tasks.learning.trying import Trier
from tasks.search.study import Pruned

BASE = {"num_iterations": 80}


def dataset(rows: int) -> Dataset:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, rows))
    return LightGBM().prepare(pa.table({"a": a, "b": b, "y": a * b}), {"target": "y"})


def trier(data: Dataset, *, repeats: bool, **given: Any) -> Trier:
    estimator = LightGBM()
    estimator.repeats = repeats
    return Trier(
        estimator, data, BASE, pulse=lambda: None, allow=lambda _: None, seconds=given.pop("seconds", None), **given
    )


def test_the_test_rows_change_nothing() -> None:
    data = dataset(200)
    assert data.test is not None
    others = replace(data, test=data.test.slice(0, 0))
    for repeats, by in ((True, "cross_validation"), (False, "validation")):
        tried = trier(data, repeats=repeats)
        value = tried({}, report=lambda *_: None)
        assert (tried.judged_by, tried.metric, tried.grows) == (by, "rmse", False)
        assert value == trier(others, repeats=repeats)({}, report=lambda *_: None)


def test_folds_are_as_many_as_there_is_time_for() -> None:
    data, told = dataset(200), list[int]()
    patient, hasty = trier(data, repeats=True), trier(data, repeats=True, seconds=1e-3)
    for tried in (patient, hasty):
        tried({}, report=lambda *_: None)
    assert (patient.folds, hasty.folds) == (5, 2)
    patient({"num_leaves": 4}, report=lambda step, _loss: told.append(step))
    assert told == [1, 2, 3, 4, 5]


def test_the_pruner_sees_the_learning_curve_of_the_validation_rows() -> None:
    told: dict[int, float] = {}
    trier(dataset(400), repeats=False)({"early_stopping_rounds": 0}, report=told.__setitem__)
    assert list(told) == [50, 60, 70, 80]
    assert all(0 < loss < 2 for loss in told.values())

    def prune(_step: int, _loss: float) -> None:
        raise Pruned

    with pytest.raises(Pruned):
        trier(dataset(400), repeats=False)({"early_stopping_rounds": 0}, report=prune)


def test_what_cannot_be_judged_is_refused() -> None:
    data = dataset(200)
    none = data.train.slice(0, 0)
    with pytest.raises(InvalidField, match="too few rows to tell params apart"):
        trier(replace(data, train=none, holdout=none), repeats=True)
    tried = trier(data, repeats=False)
    tried.metric = "pinball"
    with pytest.raises(EstimatorFailed, match="pinball, which judges trials, is not told"):
        tried({}, report=lambda *_: None)
    assert not math.isnan(trier(data, repeats=False)({}, report=lambda *_: None))
