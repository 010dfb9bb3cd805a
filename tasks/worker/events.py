"""Which tasks Flower, and whoever else listens to events, is told of: all, unless very many begin; and all that fail.

What is told of them is kept for who listens later.

Three events a task cost its worker, Redis and Flower together half a millisecond of processor time, a fifth of what a
request needs that is alone in its group. Nobody reads hundreds of lines a second, and the metrics count every task.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Final

from celery.app.events import Events as CeleryEvents
from celery.events.dispatcher import EventDispatcher

from tasks.storage.connection import connect
from tasks.telemetry.event_history import EventHistory

#: Of so many tasks that begin in a second each worker tells, and of so many at once.
TASKS_A_SECOND: Final = 10
#: Where more than so many begin for each that is told of, which is some 60 a second, it tells of so many: who looks at
#: hundreds sees no more in ten of them than in two, and each of them goes Celery's long way.
MANY: Final = 5
OF_MANY_A_SECOND: Final = 2
#: Most tasks that are remembered until their last event; far more than a worker has at a time.
REMEMBERED: Final = 10_000
#: The first event of a task in a worker, and those after which there is none until it comes again.
FIRST: Final = "task-received"
LAST: Final = frozenset({"task-succeeded", "task-failed", "task-rejected", "task-revoked", "task-retried"})
#: What is told of every task.
ALWAYS: Final = "task-failed"

Fields = Mapping[str, Any]


class Sample:
    """The tasks that are told of: with all of their events, or with none until they fail.

    A `silent` one tells of none: that of the system worker, whose upkeep would fill the history of an idle service, and
    whose word of a task that it passes on may come after that of the worker which does it.
    """

    def __init__(self, *, silent: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._silent = silent
        self._clock = clock
        self._left, self._at = float(TASKS_A_SECOND), clock()
        # How many were not told of since one was.
        self._passed = 0
        # By task, in the order in which they began: None, or the first event of one that was not told of.
        self._begun: dict[str, Fields | None] = {}

    def told(self, event: str, fields: Fields) -> list[tuple[str, Fields]]:
        """What is told when this event of a task comes, in order."""
        if self._silent:
            return []
        task = fields["uuid"]
        if event == FIRST:
            self._begun[task] = None if self._take() else fields
            if len(self._begun) > REMEMBERED:
                del self._begun[next(iter(self._begun))]
        first = self._begun.get(task, {})
        if event in LAST:
            self._begun.pop(task, None)
        if first is None:
            return [(event, fields)]
        if event != ALWAYS:
            return []
        return [(FIRST, first), (event, fields)] if first else [(event, fields)]

    @property
    def silent(self) -> bool:
        """Whether no task is told of, whatever becomes of it."""
        return self._silent

    def has_room(self) -> bool:
        """Whether a task that begins now would be told of. One that would not goes on without being asked about."""
        if not self._silent and self._refilled() >= 1:
            return True
        self._passed += 1
        return False

    def _refilled(self) -> float:
        now = self._clock()
        rate = TASKS_A_SECOND if self._passed <= MANY else OF_MANY_A_SECOND
        self._left = min(TASKS_A_SECOND, self._left + (now - self._at) * rate)
        self._at = now
        return self._left

    def _take(self) -> bool:
        if not self.has_room():
            return False
        self._left -= 1
        self._passed = 0
        return True


class Dispatcher(EventDispatcher):  # type: ignore[misc]
    """Sends the events of the sample, and all that are not of a task."""

    def send(self, type: str, *args: Any, **fields: Any) -> Any:  # noqa: A002 - Celery's name
        """Send the event, or drop it."""
        if "uuid" not in fields:
            return super().send(type, *args, **fields)
        for event, told in self.app.sample.told(type, fields):
            super().send(event, *args, **told)
        return None

    def tell(self, event: str, **fields: Any) -> None:
        """Send the event of a task, whatever the sample says."""
        super().send(event, **fields)

    @cached_property
    def _history(self) -> EventHistory:
        return EventHistory(connect(self.app.settings))

    def _publish(self, event: Any, *args: Any, **options: Any) -> None:
        super()._publish(event, *args, **options)
        # A worker sends those of tasks in batches.
        if isinstance(event, list):
            self._history.keep(event)


class Events(CeleryEvents):  # type: ignore[misc]
    """Celery's, with our dispatcher."""

    dispatcher_cls = "tasks.worker.events:Dispatcher"
