"""A step of Celery's consumer that does something by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import bootsteps
from celery.worker import state

from tasks.strikes import until_strike


def _has_work() -> bool:
    return bool(state.reserved_requests)


class TimerStep(bootsteps.StartStopStep):  # type: ignore[misc]
    """Its clock stops with the consumer, and begins anew when that has lost its broker and found it again."""

    _timer: Any = None
    _wake: Callable[[Any], None] | None = None

    def every(self, parent: Any, seconds: float, do: Callable[..., Any], *args: Any) -> None:
        """Do it again and again from now on, until the consumer stops; all processes do so at the same time."""

        def strike() -> None:
            self._timer = parent.timer.call_after(until_strike(seconds), strike)
            do(*args)

        self._timer = parent.timer.call_after(until_strike(seconds), strike)

    def once(self, parent: Any, seconds: float, do: Callable[[], Any]) -> None:
        """Do it so much later, unless that is on its way already."""

        def rest_and_do() -> None:
            self._timer = None
            do()

        if self._timer is None:
            self._timer = parent.timer.call_after(seconds, rest_and_do)

    def while_busy(
        self, parent: Any, seconds: float, do: Callable[..., Any], *args: Any, busy: Callable[[], Any] = _has_work
    ) -> None:
        """The same, but only while the worker is `busy`, as work makes it, and once after that: who waits is not woken
        for it."""

        def look() -> None:
            do(*args)
            if not busy():
                self._rest()

        def wake(_: Any) -> None:
            if self._timer is None:
                self.every(parent, seconds, look)

        self._wake = wake
        parent.on_task_message.add(wake)
        # After a lost connection there may be work from before.
        wake(None)

    def stop(self, parent: Any) -> None:
        """Stop the clock, if it runs."""
        if self._wake is not None:
            parent.on_task_message.discard(self._wake)
        self._rest()

    def _rest(self) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
