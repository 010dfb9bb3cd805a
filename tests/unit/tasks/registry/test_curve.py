"""The curve of a version as it is kept and drawn, and the one that is watched."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tasks.contract import State
from tasks.registry.curve import Best, Curve, Line, read_curve, shown_range
from tasks.watch.live_curve import LiveCurve
from tests.records import a_task

TASK = a_task(state=State.RUNNING, started_at=1)


def test_a_curve_of_the_release_before_is_read() -> None:
    old = b'{"iterations":[1,21],"metrics":{"train":{"l2":[3.0,1.0]},"holdout":{"l2":[4.0,2.0]}}}'
    assert read_curve(old) == Curve({"train": Line([1, 21], {"l2": [3, 1]}), "holdout": Line([1, 21], {"l2": [4, 2]})})
    assert read_curve(b'{"iterations":[1],"metrics":{}}') == Curve()


def test_a_curve_is_read_as_it_was_written() -> None:
    curve = Curve({"holdout": Line([1, 2], {"auc": [0.5, 0.75]})}, {"auc": Best(2, 0.75, higher_is_better=True)})
    assert read_curve(msgspec.json.encode(curve)) == curve


def falling(count: int, *, best: int) -> Curve:
    """A loss that falls steeply, and from its best on grows a little."""
    iterations = list(range(1, count + 1))
    values = [100 / i if i <= best else 100 / best + (i - best) / count for i in iterations]
    return Curve(
        {"holdout": Line(iterations, {"loss": values})}, {"loss": Best(best, 100 / best, higher_is_better=False)}
    )


def test_the_steep_beginning_of_a_long_curve_is_not_shown() -> None:
    low, high = shown_range(falling(1000, best=200), "loss")
    assert low == pytest.approx(0.5, abs=0.2)
    assert high < 1.5
    line = falling(1000, best=200).lines["holdout"]
    mirrored = Curve({"holdout": Line(line.iterations, {"loss": [-value for value in line.metrics["loss"]]})})
    assert shown_range(mirrored, "loss") == pytest.approx((-high, -low), abs=0.2)


@pytest.mark.parametrize("curve", [falling(15, best=10), Curve({"train": Line([1, 500], {"loss": [2.0, 1.0]})})])
def test_all_of_a_curve_is_shown_that_is_short_or_not_steep(curve: Curve) -> None:
    values = [value for line in curve.lines.values() for value in line.metrics["loss"]]
    assert shown_range(curve, "loss") == (min(values), max(values))


def test_an_early_best_is_shown() -> None:
    curve = falling(1000, best=9)
    low, high = shown_range(curve, "loss")
    assert low <= curve.best["loss"].value <= high < 100


def test_a_constant_metric_has_a_range() -> None:
    flat = Curve({"holdout": Line(list(range(1, 101)), {"loss": [5.0] + [1.0] * 99})})
    assert shown_range(flat, "loss") == (1, 5)


def progress(iteration: int, *, measured: int | None = None) -> dict[str, Any]:
    train = iteration if measured is None else measured
    return {
        "iteration": iteration,
        "total": 100,
        "metrics": {"train": {"loss": 1 / train}, "holdout": {"loss": 2 / iteration}},
        "measured": {"train": train, "holdout": iteration},
        "best": {"loss": {"iteration": iteration, "value": 2 / iteration, "higher_is_better": False}},
    }


def test_a_point_is_where_it_was_measured_and_once() -> None:
    live = LiveCurve()
    for iteration, measured in ((1, 1), (3, 1), (7, 5), (9, 5)):
        live.add(TASK, progress(iteration, measured=measured))
    assert live.curve.lines["train"] == Line([1, 5], {"loss": [1, 1 / 5]})
    assert live.curve.lines["holdout"].iterations == [1, 3, 7, 9]
    assert live.curve.best["loss"].iteration == 9


@pytest.mark.parametrize(("again", "iteration"), [(1, 4), (2, 12)])
def test_a_task_that_begins_anew_begins_a_new_curve(again: float, iteration: int) -> None:
    """It has fewer iterations than were seen, or has started at another time."""
    live = LiveCurve()
    for done in (5, 10):
        live.add(TASK, progress(done))
    live.add(msgspec.structs.replace(TASK, started_at=again), progress(iteration))
    assert {part: line.iterations for part, line in live.curve.lines.items()} == {
        "train": [iteration],
        "holdout": [iteration],
    }
    assert live.curve.best["loss"].iteration == iteration


def test_progress_of_the_release_before_is_read() -> None:
    live = LiveCurve()
    for iteration in (1, 2):
        live.add(TASK, {"iteration": iteration, "total": 3, "metrics": {"train": {"loss": 1.0}}})
    assert live.curve == Curve({"train": Line([1, 2], {"loss": [1.0, 1.0]})})
