"""How a train tells how far it is."""

from __future__ import annotations

from typing import Any

from tasks.learning.recording import Step
from tasks.registry.curve import Best
from tasks.train import REPORT_SECONDS, throttled
from tests.clocks import Clock


def step(iteration: int, total: int, *, last: bool | None = None) -> Step:
    loss = 1 / iteration
    return Step(
        iteration,
        total,
        metrics={"train": {"loss": loss}},
        measured={"train": iteration},
        best={"loss": Best(iteration, loss, higher_is_better=False)},
        last=iteration == total if last is None else last,
    )


def tell(*, loading: float, pace: float, total: int) -> list[dict[str, Any]]:
    """What is reported of a train that begins to iterate after a while."""
    told: list[dict[str, Any]] = []
    clock = Clock()
    progress = throttled(told.append, clock=clock)
    clock.now += loading
    for iteration in range(1, total + 1):
        clock.now += pace
        progress(step(iteration, total))
    return told


def test_the_time_left_is_at_the_pace_of_iterations_and_not_of_reading() -> None:
    told = tell(loading=30, pace=0.25, total=20)
    assert [state["iteration"] for state in told] == list(range(1, 21))
    assert [state["seconds_left"] for state in told[1:]] == [0.25 * left for left in range(18, -1, -1)]
    assert told[-1] == {
        "iteration": 20,
        "total": 20,
        "seconds": 35.0,
        "seconds_left": 0.0,
        "metrics": {"train": {"loss": 0.05}},
        "measured": {"train": 20},
        "best": {"loss": {"iteration": 20, "value": 0.05, "higher_is_better": False}},
    }


def test_few_are_told_and_always_the_last() -> None:
    told = tell(loading=0, pace=REPORT_SECONDS / 10, total=105)
    assert len(told) <= 12
    assert (told[0]["iteration"], told[-1]["iteration"]) == (1, 105)
    assert tell(loading=0, pace=1, total=1)[0]["seconds_left"] == 0


def test_the_last_of_a_train_that_stops_early_is_told() -> None:
    told: list[dict[str, Any]] = []
    progress = throttled(told.append, clock=Clock())
    for iteration in (1, 2, 3):
        progress(step(iteration, 100))
    progress(step(3, 100, last=True))
    assert [(state["iteration"], state["seconds_left"]) for state in told] == [(1, 0.0), (3, 0.0)]
