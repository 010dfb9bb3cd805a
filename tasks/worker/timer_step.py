"""A step of Celery's consumer that does something by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import bootsteps


class TimerStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Its clock stops with the consumer, and begins anew when that has lost its broker and found it again."""

    _timer: Any = None

    def every(self, parent: Any, seconds: float, do: Callable[..., Any], *args: Any) -> None:
        """Do it again and again from now on, until the consumer stops."""
        self._timer = parent.timer.call_repeatedly(seconds, do, args)

    def stop(self, parent: Any) -> None:
        """Stop the clock, if it runs."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
