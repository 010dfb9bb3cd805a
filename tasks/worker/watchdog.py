"""Ends a worker that cannot go on, so that its supervisor starts another one.

What it has begun is put back, or comes back when its lease has run out.
"""

from __future__ import annotations

import faulthandler
import logging
import os
from collections.abc import Callable
from typing import Any, Final

from celery import bootsteps
from celery.apps.worker import Worker
from celery.platforms import EX_FAILURE
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from tasks.contract import SYSTEM_FLEET
from tasks.worker.shutdown import give_back

log = logging.getLogger(__name__)

#: A main process whose loop has not turned for so long is ended; that of the system worker, which runs its tasks
#: itself, after longer (seconds).
WATCH_SECONDS: Final = 60.0
SYSTEM_WATCH_SECONDS: Final = 900.0
#: How often the loop says that it turns (seconds).
TURN_SECONDS: Final = 15.0
#: Where the traceback goes: Celery puts something else in the place of `sys.stderr`.
STDERR: Final = 2


class FailFastWorker(Worker):  # type: ignore[misc]
    """A worker that ends at once after an error of its main process.

    Celery waits for the pool first, though it may be the pool that is not understood any more: for the rest of half a
    message it waits for ever.
    """

    def stop(self, in_sighandler: bool = False, exitcode: int | None = None) -> None:
        """Stop gently, but not after an error."""
        if exitcode == EX_FAILURE:
            log.error("this worker cannot go on and ends")
            for request in tuple(state.reserved_requests):
                give_back(request)
            logging.shutdown()
            os._exit(EX_FAILURE)
        super().stop(in_sighandler=in_sighandler, exitcode=exitcode)


class Watchdog:
    """Ends this process, with the traceback of all its threads, unless it is fed again and again.

    The system's clock is not asked: a machine that sleeps does not count.
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._pid = 0
        self._tell: Callable[[], None] | None = None

    def start(self, seconds: float) -> None:
        """From now on it must be fed every so many seconds."""
        self._seconds, self._pid = seconds, os.getpid()
        self.feed()

    def leave_to(self, tell: Callable[[], None]) -> None:
        """Another process watches this one, which is told so each time that this one goes on."""
        self._tell = tell

    def feed(self) -> None:
        """Say that this process goes on. Does nothing in one that is not watched, such as a child of one that is."""
        if self._tell is not None:
            self._tell()
        elif self._pid == os.getpid():
            faulthandler.dump_traceback_later(self._seconds, exit=True, file=STDERR)


#: That of this process.
watchdog: Final = Watchdog()


class Watched(bootsteps.StartStopStep):  # type: ignore[misc]
    """Has the worker's main loop feed the watchdog. While it connects anew, its connection does (`transport.py`)."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Watch from now on, until the process ends."""
        watchdog.start(SYSTEM_WATCH_SECONDS if parent.app.fleet == SYSTEM_FLEET else WATCH_SECONDS)
        parent.timer.call_repeatedly(TURN_SECONDS, watchdog.feed)
