"""The learning curve."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tasks.curve import POINTS, Recorder
from tasks.errors import Cancelled
from tasks.estimators.base import Metrics
from tasks.registry import Curve


def record(count: int) -> Curve:
    recorder = Recorder(lambda *_: None)
    for iteration in range(1, count + 1):
        recorder(iteration, count, {"train": {"l2": 1 / iteration}, "holdout": {"l2": 2 / iteration}})
    return recorder.curve


def test_a_short_train_is_kept_whole() -> None:
    curve = record(3)
    assert curve.iterations == [1, 2, 3]
    assert curve.metrics == {"train": {"l2": [1, 0.5, 0.333333]}, "holdout": {"l2": [2, 1, 0.666667]}}


@pytest.mark.parametrize("count", [POINTS, POINTS + 1, POINTS + 2, 2 * POINTS, 4 * POINTS - 2, 10 * POINTS + 7, 60_000])
def test_a_long_train_is_thinned_evenly(count: int) -> None:
    curve = record(count)
    assert POINTS // 2 <= len(curve.iterations) <= POINTS
    assert (curve.iterations[0], curve.iterations[-1]) == (1, count)
    gaps = {after - before for before, after in zip(curve.iterations, curve.iterations[1:-1], strict=False)}
    assert len(gaps) == 1
    assert curve.metrics["train"]["l2"] == [float(f"{1 / i:.6g}") for i in curve.iterations]


def test_what_the_other_hears_and_raises_is_passed_on() -> None:
    heard: list[int] = []

    def report(iteration: int, total: int, metrics: Metrics) -> None:
        heard.append(iteration)
        raise Cancelled("no")

    recorder = Recorder(report)
    with pytest.raises(Cancelled):
        recorder(1, 2, {})
    assert heard == [1]
    assert recorder.curve == Curve()


def test_no_metrics_make_no_curve() -> None:
    recorder = Recorder(lambda *_: None)
    recorder(1, 1, {})
    assert recorder.curve == Curve([1], {})


def test_what_json_cannot_hold_is_left_out() -> None:
    told: list[Metrics] = []
    recorder = Recorder(lambda _iteration, _total, metrics: told.append(metrics))
    single: Any = np.float32(0.5)
    recorder(1, 2, {"train": {"loss": single, "ratio": math.inf}, "holdout": {"loss": math.nan}})
    recorder(2, 2, {"train": {"loss": 0.25, "ratio": 1.0}, "holdout": {"loss": 1.0}})
    assert told[0] == {"train": {"loss": 0.5}, "holdout": {}}
    assert recorder.curve == Curve([1, 2], {"train": {"loss": [0.5, 0.25]}})
    assert all(type(value) is float for value in told[0]["train"].values())
