"""A process that runs its tasks itself, as the parent sees it that has forked it (`parent.py`)."""

from __future__ import annotations

import signal
from typing import Any, Final

from celery import bootsteps
from celery.worker.consumer.tasks import Tasks

from tasks.worker.parent import RENEW_SIGNAL
from tasks.worker.time_limits import begin, sender
from tasks.worker.watchdog import watchdog

#: How often the loop says that it turns (seconds).
TURN_SECONDS: Final = 5.0


class OwnProcess(bootsteps.StartStopStep):  # type: ignore[misc]
    """Has the loop of this process say that it turns, and its signals mean what the parent means by them."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """From now on this process takes work."""
        entry = parent.app.entry
        # Celery's handlers would show where the process is, and begin the program anew.
        begin()
        signal.signal(RENEW_SIGNAL, signal.SIG_IGN)
        sender.is_parent(entry.is_interrupted)
        watchdog.leave_to(entry.turn)
        parent.timer.call_repeatedly(TURN_SECONDS, entry.turn)
        entry.turn()
        entry.ready = True
