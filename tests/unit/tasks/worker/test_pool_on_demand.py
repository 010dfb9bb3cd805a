"""A pool whose processes come with work and end without."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu.asynchronous import Hub

from tasks.worker.pool_on_demand import IDLE_SECONDS, PoolOnDemand
from tests.clocks import Clock


class Loop:
    """A pool of two in an event loop, as in a worker."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.hub = Hub()
        self.pool = PoolOnDemand(2, threads=False, synack=False, clock=self.clock)
        self.pool.register_with_event_loop(self.hub)

    def until(self, done: Callable[[], Any], seconds: float = 20.0) -> None:
        """Turn until it is done."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end
            # A worker's loop looks every 5 s who has ended.
            self.hub.timer.call_after(0.05, self.pool.maintain_pool)
            self.hub.run_once()

    def pids(self) -> list[int]:
        return sorted(process.pid for process in self.pool._pool)

    def run(self, *calls: tuple[Any, ...]) -> list[Any]:
        """Have these calls done at a time; what they returned."""
        jobs = [self.pool.apply_async(function, arguments) for function, *arguments in calls]
        self.until(lambda: all(job.ready() for job in jobs))
        return [job.get() for job in jobs]


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.pool.terminate()
    made.pool.join()
    made.hub.close()


def test_processes_come_with_work(loop: Loop) -> None:
    assert loop.pids() == []
    (first,) = loop.run((os.getpid,))
    assert loop.pids() == [first]
    assert first != os.getpid()
    assert loop.run((os.getpid,)) == [first], "there is one already"
    loop.run((time.sleep, 0.3), (time.sleep, 0.3), (time.sleep, 0.01))
    assert len(loop.pids()) == 2, "no more than there may be"


def test_those_end_that_have_had_none_for_a_while(loop: Loop) -> None:
    loop.run((time.sleep, 0.2), (time.sleep, 0.2))
    loop.pool.end_idle()
    loop.clock.now += IDLE_SECONDS - 1
    loop.pool.end_idle()
    assert len(loop.pids()) == 2
    job = loop.pool.apply_async(time.sleep, (1.0,))
    loop.until(lambda: job._accepted)
    loop.pool.end_idle()
    loop.clock.now += IDLE_SECONDS
    loop.pool.end_idle()
    loop.until(lambda: len(loop.pids()) == 1)
    assert loop.pids() == job.worker_pids(), "one that has work goes on"
    loop.until(job.ready)
    assert loop.run((os.getpid,), (time.sleep, 0.2))[0] in loop.pids()


def test_one_that_is_killed_is_replaced(loop: Loop) -> None:
    (first,) = loop.run((os.getpid,))
    os.kill(first, 9)
    loop.until(lambda: loop.pids() not in ([first], []))
    assert loop.run((os.getpid,)) == loop.pids()


def test_there_may_be_more_or_fewer(loop: Loop) -> None:
    loop.run((time.sleep, 0.2), (time.sleep, 0.2))
    loop.pool.shrink(1)
    loop.until(lambda: len(loop.pids()) == 1)
    with pytest.raises(ValueError, match="one process"):
        loop.pool.shrink(1)
    loop.pool.grow(2)
    loop.run(*[(time.sleep, 0.3)] * 3)
    assert len(loop.pids()) == 3
