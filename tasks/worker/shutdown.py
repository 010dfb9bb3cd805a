"""Ends a worker gently: it takes nothing more, finishes what it can for a while, and gives the rest back.

In Celery's own soft shutdown the main process stands still (findings/celery-soft-shutdown-stands-still.sh): meanwhile
no lease is renewed, and what Redis has already handed to this worker is lost until somebody misses it.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from contextlib import suppress
from typing import Any, Final

import redis
from celery import bootsteps
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

log = logging.getLogger(__name__)

SIGNALS: Final = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)
#: So many signals are taken note of in one turn of the loop.
SIGNALS_AT_ONCE: Final = 256
#: How often a worker that ends looks whether its work is done (seconds).
LOOK_SECONDS: Final = 0.1


class Alarm:
    """Has a loop turn when a signal comes, which else would wait until something is to be read, or its next timer."""

    def __init__(self, hub: Any) -> None:
        self._hub = hub
        self._read, self._write = os.pipe()
        for end in (self._read, self._write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        hub.add_reader(self._read, self._turned)

    def close(self) -> None:
        """Let it be."""
        signal.set_wakeup_fd(-1)
        self._hub.remove(self._read)
        os.close(self._read)
        os.close(self._write)

    def _turned(self) -> None:
        os.read(self._read, SIGNALS_AT_ONCE)


class Stopping(bootsteps.StartStopStep):  # type: ignore[misc]
    """Answers the signals that end a worker; the second one ends it at once.

    A process with a parent may get signals from others as well, of which its parent has heard too: what counts is how
    often the parent was asked.
    """

    requires = (Tasks,)
    _parent: Any = None
    _until: float | None = None
    _alarm: Alarm | None = None

    def start(self, parent: Any) -> None:
        """Answer from now on, instead of Celery."""
        self._parent = parent
        self._pid = os.getpid()
        self._alarm = Alarm(parent.hub)
        for number in SIGNALS:
            signal.signal(number, self._asked)
        if self._until is not None:
            # Asked before, and connected anew since.
            parent.timer.call_after(0, self._begin, (parent,))

    def stop(self, parent: Any) -> None:
        """The worker stops, or has lost its connection."""
        self._parent = None
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def _asked(self, _number: int, _frame: Any) -> None:
        if os.getpid() != self._pid:
            return
        entry = self._parent.app.entry if self._parent is not None else None
        urgent = self._until is not None if entry is None else entry.stop > 1
        if self._parent is None or urgent:
            # Without a connection there is nobody to give anything back to.
            state.should_terminate = os.EX_OK
        elif self._until is None:
            self._until = time.monotonic() + self._parent.app.conf.worker_soft_shutdown_timeout
            self._parent.timer.call_after(0, self._begin, (self._parent,))

    def _begin(self, parent: Any) -> None:
        log.info("this worker ends and takes nothing more")
        parent.task_consumer.cancel()
        parent.timer.call_repeatedly(LOOK_SECONDS, self._look)

    def _look(self) -> None:
        left = tuple(state.reserved_requests)
        if not left:
            state.should_stop = os.EX_OK
        elif time.monotonic() > (self._until or 0):
            state.should_terminate = os.EX_OK
            for request in left:
                give_back(request)


def give_back(request: Any) -> None:
    """Have the work of a request that this worker has done by another one, once nobody here goes on with it."""
    log.warning("work %s is given back", request.id, extra={"task_id": request.id})
    if request.worker_pid not in (None, os.getpid()):
        with suppress(ProcessLookupError):
            os.kill(request.worker_pid, signal.SIGKILL)
    with suppress(redis.exceptions.RedisError):
        request.reject(requeue=True)
