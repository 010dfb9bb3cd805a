"""When the system tasks are sent."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tasks.app import create_app
from tasks.config.settings import Settings
from tasks.upkeep.beat import FIRST_SECONDS, SteadyScheduler
from tests.clocks import Clock


class Recorded(SteadyScheduler):
    """Notes what it would send."""

    producer = None

    def __init__(self, clock: Clock) -> None:
        self.sent: Counter[str] = Counter()
        super().__init__(create_app(Settings()), ticks=clock)

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        assert producer is None
        self.sent[entry.name] += 1


def run(scheduler: Recorded, clock: Clock, *, seconds: float) -> Counter[str]:
    """What it sends in so many seconds."""
    scheduler.sent.clear()
    until = clock.now + seconds
    while clock.now < until:
        clock.now += max(scheduler.tick(), 0.001)
    return Counter(scheduler.sent)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_each_is_sent_after_its_interval(clock: Clock) -> None:
    scheduler = Recorded(clock)
    assert scheduler.tick() == 2.0
    assert not scheduler.sent
    first = run(scheduler, clock, seconds=FIRST_SECONDS - 1)
    assert first["reconcile"] == pytest.approx(FIRST_SECONDS / 2, abs=2)
    assert first["sweep"] == 0
    assert run(scheduler, clock, seconds=2)["sweep"] == 1
    later = run(scheduler, clock, seconds=3600)
    assert later["reconcile"] == pytest.approx(1800, abs=2)
    assert later["sweep"] == 1


def test_what_was_missed_is_sent_once(clock: Clock) -> None:
    scheduler = Recorded(clock)
    scheduler.tick()
    clock.now += 86_400
    assert scheduler.tick() == 2.0
    assert scheduler.sent == Counter(reconcile=1, sweep=1)
