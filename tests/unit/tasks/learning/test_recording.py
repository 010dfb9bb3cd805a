"""What a train tells of itself, and the curve that is kept of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tasks.errors import Cancelled
from tasks.estimators.metrics import GROWING
from tasks.learning.recording import POINTS, Recorder, Step
from tasks.registry.curve import Best, Curve, Line


def recorder(told: list[Step] | None = None) -> Recorder:
    """Its metric `score` grows, others do not."""
    heard = told if told is not None else []
    return Recorder(heard.append, grows=lambda name: name == "score")


def record(count: int) -> Curve:
    made = recorder()
    for iteration in range(1, count + 1):
        made(iteration, count, {"train": {"l2": 1 / iteration}, "holdout": {"l2": 2 / iteration}})
    return made.curve


def test_a_short_train_is_kept_whole() -> None:
    curve = record(3)
    assert curve.lines == {
        "train": Line([1, 2, 3], {"l2": [1, 0.5, 0.333333]}),
        "holdout": Line([1, 2, 3], {"l2": [2, 1, 0.666667]}),
    }
    assert curve.best == {"l2": Best(3, 0.666667, higher_is_better=False)}


@pytest.mark.parametrize("count", [POINTS, POINTS + 1, POINTS + 2, 2 * POINTS, 4 * POINTS - 2, 10 * POINTS + 7, 60_000])
def test_a_long_train_is_thinned_evenly(count: int) -> None:
    line = record(count).lines["train"]
    assert POINTS // 2 <= len(line.iterations) <= POINTS + 1
    assert (line.iterations[0], line.iterations[-1]) == (1, count)
    gaps = {after - before for before, after in zip(line.iterations, line.iterations[1:-1], strict=False)}
    assert len(gaps) == 1
    assert line.metrics["l2"] == [float(f"{1 / i:.6g}") for i in line.iterations]


@pytest.mark.parametrize("every", [2, 7])
def test_each_set_has_its_own_iterations_and_none_is_lost(every: int) -> None:
    told: list[Step] = []
    made = recorder(told)
    for iteration in range(1, 31):
        metrics = {"holdout": {"loss": 2 / iteration}}
        if iteration % every == 0:
            metrics["train"] = {"loss": 1 / iteration}
        made(iteration, 30, metrics)
    lines = made.curve.lines
    assert lines["holdout"].iterations == list(range(1, 31))
    assert lines["train"].iterations == list(range(every, 31, every))
    for step in told[every:]:
        measured = step.iteration - step.iteration % every
        assert step.measured == {"train": measured, "holdout": step.iteration}
        assert step.metrics == {"train": {"loss": 1 / measured}, "holdout": {"loss": 2 / step.iteration}}


@pytest.mark.parametrize("at", [3, 777, 5001])
@pytest.mark.parametrize("grows", [True, False])
def test_the_best_is_kept_wherever_it_is(at: int, *, grows: bool) -> None:
    made, sign, name = recorder(), 1 if grows else -1, "score" if grows else "loss"
    for iteration in range(1, 6001):
        made(iteration, 9000, {"holdout": {name: -sign * abs(iteration - at)}})
    curve = made.curve
    assert curve.best == {name: Best(at, 0, higher_is_better=grows)}
    assert at in curve.lines["holdout"].iterations
    assert len(curve.lines["holdout"].iterations) <= POINTS + 2
    assert curve.lines["holdout"].iterations == sorted(set(curve.lines["holdout"].iterations))


def test_of_equal_ones_the_first_is_best() -> None:
    made = recorder()
    for iteration in range(1, 5):
        made(iteration, 4, {"holdout": {"loss": 1.0}})
    assert made.curve.best["loss"].iteration == 1


def test_what_is_best_so_far_is_told() -> None:
    told: list[Step] = []
    made = recorder(told)
    for iteration, value in enumerate((3.0, 1.0, 2.0), 1):
        made(iteration, 3, {"holdout": {"loss": value}})
    assert [(step.best["loss"].iteration, step.best["loss"].value) for step in told] == [(1, 3.0), (2, 1.0), (2, 1.0)]


def test_what_the_other_raises_is_passed_on() -> None:
    def report(step: Step) -> None:
        raise Cancelled("no")

    with pytest.raises(Cancelled):
        Recorder(report, grows=GROWING.__contains__)(1, 2, {})


def test_the_last_is_told_as_the_last_also_if_the_fit_stops_early() -> None:
    told: list[Step] = []
    made = recorder(told)
    for iteration in (1, 2):
        made(iteration, 9, {})
    made.end()
    assert [(step.iteration, step.last) for step in told] == [(1, False), (2, False), (2, True)]
    whole = recorder(told)
    whole(1, 1, {})
    whole.end()
    recorder(told).end()
    assert [(step.iteration, step.last) for step in told[3:]] == [(1, True)]


def test_no_metrics_make_no_curve() -> None:
    made = recorder()
    assert made.curve == Curve()
    made(1, 1, {})
    made(1, 1, {"train": {}})
    assert made.curve == Curve()


def test_what_json_cannot_hold_is_left_out() -> None:
    told: list[Step] = []
    made = recorder(told)
    single: Any = np.float32(0.5)
    made(1, 2, {"train": {"loss": single, "ratio": math.inf}, "holdout": {"loss": math.nan}})
    made(2, 2, {"train": {"loss": 0.25, "ratio": 1.0}, "holdout": {"loss": 1.0}})
    assert told[0].metrics == {"train": {"loss": 0.5}}
    assert made.curve.lines == {"train": Line([1, 2], {"loss": [0.5, 0.25]}), "holdout": Line([2], {"loss": [1.0]})}
    assert all(type(value) is float for value in told[0].metrics["train"].values())
