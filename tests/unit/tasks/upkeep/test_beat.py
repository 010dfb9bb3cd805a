"""When the upkeep tasks are sent."""

from __future__ import annotations

from collections import Counter

import pytest

from tasks.contract import RECONCILE_TASK, SWEEP_TASK
from tasks.upkeep.beat import FIRST_SECONDS, LOOK_SECONDS, Due
from tests.clocks import Clock


def run(due: Due, clock: Clock, *, seconds: float) -> Counter[str]:
    """What is sent in so many seconds."""
    sent: Counter[str] = Counter()
    until = clock.now + seconds
    while clock.now < until:
        clock.now += LOOK_SECONDS
        for one in due.now():
            due.sent(one)
            sent[one.task] += 1
    return sent


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_is_sent_after_its_interval(clock: Clock) -> None:
    due = Due(ticks=clock)
    assert not due.now()
    first = run(due, clock, seconds=FIRST_SECONDS - LOOK_SECONDS)
    assert first[RECONCILE_TASK] == pytest.approx(FIRST_SECONDS / LOOK_SECONDS, abs=2)
    assert first[SWEEP_TASK] == 0
    assert run(due, clock, seconds=LOOK_SECONDS)[SWEEP_TASK] == 1
    later = run(due, clock, seconds=3600)
    assert later[RECONCILE_TASK] == pytest.approx(3600 / LOOK_SECONDS, abs=2)
    assert later[SWEEP_TASK] == 1


def test_what_was_missed_is_sent_once(clock: Clock) -> None:
    due = Due(ticks=clock)
    clock.now += 86_400
    assert run(due, clock, seconds=LOOK_SECONDS) == Counter({RECONCILE_TASK: 1, SWEEP_TASK: 1})


def test_what_could_not_be_sent_stays_due(clock: Clock) -> None:
    due = Due(ticks=clock)
    clock.now += LOOK_SECONDS
    assert [one.task for one in due.now()] == [RECONCILE_TASK]
    assert [one.task for one in due.now()] == [RECONCILE_TASK]
