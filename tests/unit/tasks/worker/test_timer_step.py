"""The clocks of a worker's steps: while it has work, and not while it waits."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any, Final

import pytest
from celery.worker import state
from kombu.asynchronous.timer import Timer

from tasks.worker.timer_step import TimerStep

#: How often is looked (seconds).
OFTEN: Final = 0.05


class Request:
    """What a worker has in its hands."""


@pytest.fixture
def parent() -> Any:
    return SimpleNamespace(timer=Timer(), on_task_message=set())


def fire(parent: Any) -> None:
    """Do what is due, once, as the loop of a worker does."""
    time.sleep(OFTEN)
    for _, entry in parent.timer:
        if entry is None:
            break
        entry()


def clock(step: TimerStep) -> Any:
    """What wakes it; None while it rests."""
    return step._timer


def test_it_looks_while_there_is_work_and_once_after(parent: Any) -> None:
    step = TimerStep(parent)
    looks: list[int] = []
    step.while_busy(parent, OFTEN, looks.append, 1)
    fire(parent)
    assert clock(step) is None, "a worker without work is woken"
    request = Request()
    state.reserved_requests.add(request)
    try:
        for wake in parent.on_task_message:
            wake(request)
        fire(parent)
        assert clock(step) is not None
        timer = clock(step)
        for wake in parent.on_task_message:
            wake(request)
        assert clock(step) is timer, "a second clock"
    finally:
        state.reserved_requests.discard(request)
    before = len(looks)
    fire(parent)
    assert len(looks) == before + 1
    assert clock(step) is None


def test_a_stop_ends_the_clock_and_nothing_wakes_it(parent: Any) -> None:
    step = TimerStep(parent)
    step.while_busy(parent, OFTEN, list)
    step.stop(parent)
    assert clock(step) is None
    assert not parent.on_task_message


def test_what_is_to_be_done_once_is_on_its_way_once(parent: Any) -> None:
    step = TimerStep(parent)
    done: list[int] = []
    for _ in range(3):
        step.once(parent, OFTEN, lambda: done.append(1))
    fire(parent)
    assert done == [1]
    parent.timer.clear()
    step.once(parent, OFTEN, lambda: done.append(2))
    step.stop(parent)
    fire(parent)
    assert done == [1]
