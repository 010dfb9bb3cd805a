"""Metrics that an estimator names are measured, have intervals and a baseline, and may decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import EstimatorFailed, InvalidField
from tasks.estimators.base import Dataset, Estimator, Metric, Progress
from tasks.estimators.catalogue import Catalogue
from tasks.learning.fits import Fitted
from tasks.learning.judging import judgement
from tasks.learning.measuring import grade
from tasks.learning.promotion import verdict

TABLE = pa.table({"x": [float(i % 10) for i in range(300)], "y": [i % 10 + 0.1 * (i % 7) for i in range(300)]})


def close(truth: Any, answers: Any, weights: Any) -> float:
    """The share of rows that are off by less than one."""
    return float(weights @ (np.abs(truth - answers) < 1) / weights.sum())


class Close(Estimator[float]):
    """Predicts the column x, and what its param adds."""

    own_metrics = {"close": Metric(close, more_is_better=True)}

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> float:
        return float(params.get("off", 0))

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": table.column("x").to_numpy() + model})

    def dump(self, model: float) -> bytes:
        return str(model).encode()

    def load(self, data: bytes) -> float:
        return float(data)


@pytest.fixture
def same() -> Estimator[Any]:
    return Catalogue({"same": f"{__name__}:Close"}, threads=1).get("same")


def test_they_are_told_beside_the_others_and_decide(same: Estimator[Any]) -> None:
    dataset = same.prepare(TABLE, {"target": "y", "metric": "close"})
    model = same.fit(dataset, {}, lambda *_: None)
    graded = grade(same, model, dataset)
    judged = judgement(Fitted(model, model, [], 0.1), graded, dataset)
    assert judged.metrics["close"] == 1.0
    assert judged.metrics["rmse"] < 1
    assert judged.measured.metric == "close"
    assert judged.measured.baseline["close"] < 0.5
    assert judged.measured.intervals["close"] == (1.0, 1.0)
    worse = grade(same, same.fit(dataset, {"off": -0.5}, lambda *_: None), dataset)
    assert worse.metrics["close"] < 1
    # More is better of it.
    assert verdict(graded.outcomes, worse.outcomes, metric="close", current=1)[0]
    assert not verdict(worse.outcomes, graded.outcomes, metric="close", current=1)[0]
    assert same.grows("close")


def test_a_metric_that_nobody_names_is_refused(same: Estimator[Any]) -> None:
    with pytest.raises(InvalidField, match="did you mean 'close'"):
        same.prepare(TABLE, {"target": "y", "metric": "closer"})


def test_one_that_is_no_number_is_told(same: Estimator[Any]) -> None:
    dataset = same.prepare(TABLE, {"target": "y"})
    graded = grade(same, same.fit(dataset, {}, lambda *_: None), dataset)
    broken = replace(graded.outcomes, own={"broken": Metric(lambda *_: float("nan"))})
    with pytest.raises(EstimatorFailed, match="broken on the holdout is not finite"):
        _ = replace(graded, outcomes=broken).metrics
