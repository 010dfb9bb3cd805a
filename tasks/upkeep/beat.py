"""When the system tasks are sent: by a clock that nobody sets.

Celery's own beat notes in a file when it last sent a task, by the time of day: where that goes back, it sends nothing
until the old time comes again, and a new start does not help.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from celery.beat import Scheduler

#: A task whose interval is longer is sent the first time so long after the start (seconds). Nobody remembers when it
#: was sent before that, so a longer wait might never end where beat starts often.
FIRST_SECONDS: Final = 300.0


class SteadyScheduler(Scheduler):  # type: ignore[misc]
    """Sends each task of the schedule when its interval has passed by the monotonic clock; remembers nothing."""

    def __init__(self, *args: Any, ticks: Callable[[], float] = time.monotonic, **options: Any) -> None:
        self._ticks = ticks
        self._due: dict[str, float] = {}
        super().__init__(*args, **options)

    def tick(self) -> float:
        """Send what is due. Returns how long nothing will be (seconds)."""
        for name, entry in self.schedule.items():
            seconds = float(entry.schedule.seconds)
            due = self._due.setdefault(name, self._ticks() + min(seconds, FIRST_SECONDS))
            if due <= self._ticks():
                self._due[name] = self._ticks() + seconds
                self.apply_entry(entry, producer=self.producer)
        return max(0.0, min(self._due.values(), default=float(self.max_interval)) - self._ticks())
