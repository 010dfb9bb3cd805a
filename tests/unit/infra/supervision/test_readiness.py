"""How long `mlservice up` waits for the service, and what it says meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.supervision.readiness import READY_SECONDS, TELL_SECONDS, wait_until_loaded, wait_until_ready
from tasks.errors import Unavailable


class Start:
    """A start on which time passes only by waiting."""

    def __init__(self, *, ready_at: float, loaded_at: float = 0.0, stopped_at: float = float("inf")) -> None:
        self.now = 0.0
        self.ready_at, self.loaded_at, self.stopped_at = ready_at, loaded_at, stopped_at
        self.told: list[str] = []

    @property
    def stopped(self) -> bool:
        return self.now >= self.stopped_at

    @stopped.setter
    def stopped(self, _value: bool) -> None:
        raise AssertionError("nobody else says so")

    def wait(self, seconds: float | None) -> None:
        self.now += seconds or 0

    def check(self) -> None:
        """Nothing fails."""

    def unready(self) -> str:
        return "why"

    def loaded(self) -> float | None:
        return self.now / self.loaded_at if self.now < self.loaded_at else None

    def run(self, loaded: Callable[[], float | None] | None = None) -> None:
        parts: dict[str, Any] = {"ready": lambda: self.now >= self.ready_at, "tell": self.told.append}
        wait_until_ready(self, self, loaded=loaded or self.loaded, clock=lambda: self.now, **parts)


def test_a_service_that_is_never_ready_is_given_up() -> None:
    start = Start(ready_at=1e9)
    with pytest.raises(Unavailable, match="not ready after 60 s\nwhy"):
        start.run()
    assert READY_SECONDS < start.now < READY_SECONDS + 1
    assert start.told == []


def test_while_redis_reads_its_history_nothing_is_given_up() -> None:
    start = Start(ready_at=3605, loaded_at=3600)
    start.run()
    assert start.told[0] == "Redis reads what it kept: 0%"
    assert start.told[-1] == "Redis reads what it kept: 100%"
    assert 3600 / TELL_SECONDS * 0.9 < len(start.told) <= 3600 / TELL_SECONDS


def test_after_it_the_usual_time_is_left() -> None:
    start = Start(ready_at=1e9, loaded_at=1000)
    with pytest.raises(Unavailable):
        start.run()
    assert 1000 + READY_SECONDS < start.now + 0.2 < 1000 + READY_SECONDS + 2


def test_a_stop_ends_the_wait() -> None:
    start = Start(ready_at=1e9, loaded_at=1e9, stopped_at=500)
    start.run()
    assert start.now == pytest.approx(500, abs=1)


@pytest.mark.parametrize(("stopped_at", "until"), [(float("inf"), 3600), (7.0, 7.0)])
def test_another_s_history_is_waited_for_until_a_stop(stopped_at: float, until: float) -> None:
    start = Start(ready_at=0, loaded_at=3600, stopped_at=stopped_at)
    wait_until_loaded(start, loaded=start.loaded, tell=start.told.append, clock=lambda: start.now)
    assert start.now == pytest.approx(until, abs=1)
    assert start.told[0] == "Redis reads what it kept: 0%"
