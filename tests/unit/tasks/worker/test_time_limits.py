"""Where the soft time limit interrupts a process, and where it does not."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from tasks.worker.time_limits import SIGNAL, begin, interruptible, let_finish


@pytest.fixture(autouse=True)
def kept_handler() -> Iterator[None]:
    """The handler of this process is put back."""
    before = signal.getsignal(SIGNAL)
    begin()
    yield
    signal.signal(SIGNAL, before)


def pass_limit() -> None:
    """What the pool does when the time is over."""
    os.kill(os.getpid(), SIGNAL)


def test_work_is_interrupted_and_its_connections_end() -> None:
    ended: list[int] = []
    with pytest.raises(SoftTimeLimitExceeded), interruptible(lambda: ended.append(1)):
        pass_limit()
    assert ended == [1]


def test_after_work_nothing_is_interrupted() -> None:
    with interruptible(lambda: None):
        pass
    pass_limit()


def test_what_is_let_finish_is_not_interrupted_until_it_may_be_again() -> None:
    with interruptible(lambda: None):
        let_finish()
        pass_limit()
        with pytest.raises(SoftTimeLimitExceeded), interruptible(lambda: None):
            pass_limit()


def test_the_signal_of_other_processes_is_left_alone() -> None:
    def theirs(*_: object) -> None:
        raise AssertionError

    signal.signal(SIGNAL, theirs)
    let_finish()
    assert signal.getsignal(SIGNAL) is theirs
