"""A process that was forked, as its parent knows it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass

from tasks.worker.endings import Ending
from tasks.worker.scoreboard import Entry, Work
from tasks.worker.time_limits import SIGNAL


@dataclass(slots=True)
class Process:
    """One process that the parent has forked."""

    pid: int
    place: int
    entry: Entry
    #: By the monotonic clock.
    forked_at: float
    #: Whether it is to end when it can.
    leaves: bool = False
    #: Why it is killed, and which of its tasks was to blame.
    ending: Ending | None = None
    blamed: int = 0
    #: Which of its tasks was told that its time is over, and when.
    warned: int = 0
    warned_at: float = 0.0
    #: When it was asked where it stands still.
    asked_at: float = 0.0
    #: What it was seen to do last.
    work: Work | None = None

    def kill(self, ending: Ending) -> None:
        """End it now."""
        if self.ending is None:
            self.ending, self.blamed = ending, self.work.number if self.work else 0
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        """Interrupt its task, if it still has it."""
        if self.work is not None:
            self.entry.interrupt(self.work)
            with suppress(ProcessLookupError):
                os.kill(self.pid, SIGNAL)
