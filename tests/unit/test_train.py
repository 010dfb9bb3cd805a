"""How a train tells how far it is."""

from __future__ import annotations

from typing import Any

from tasks.train import REPORT_SECONDS, throttled
from tests.clocks import Clock


def tell(*, loading: float, pace: float, total: int) -> list[dict[str, Any]]:
    """What is reported of a train that begins to iterate after a while."""
    told: list[dict[str, Any]] = []
    clock = Clock()
    progress = throttled(told.append, clock=clock)
    clock.now += loading
    for iteration in range(1, total + 1):
        clock.now += pace
        progress(iteration, total, {"train": {"loss": 1 / iteration}})
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
    }


def test_few_are_told_and_always_the_last() -> None:
    told = tell(loading=0, pace=REPORT_SECONDS / 10, total=105)
    assert len(told) <= 12
    assert (told[0]["iteration"], told[-1]["iteration"]) == (1, 105)
    assert tell(loading=0, pace=1, total=1)[0]["seconds_left"] == 0
