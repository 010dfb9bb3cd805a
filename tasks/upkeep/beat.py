"""When the upkeep tasks are sent, and by whom: one of all system workers, by a clock that nobody sets.

Celery's own beat is a process of its own, of which there may be one only; and it notes in a file when it last sent a
task, by the time of day: where that goes back, it sends nothing until the old time comes again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import redis
from celery.worker.consumer.tasks import Tasks
from kombu.exceptions import OperationalError

from tasks.contract import RECONCILE_TASK, SWEEP_TASK, SYSTEM_FLEET
from tasks.redis_keys import BEATING_KEY
from tasks.storage.connection import connect
from tasks.upkeep.locks import Lock
from tasks.upkeep.reconciling import is_quiet
from tasks.worker.timer_step import TimerStep

log = logging.getLogger(__name__)

#: A task whose interval is longer is sent the first time so long after the start (seconds). Nobody remembers when it
#: was sent before that, so a longer wait might never end where workers start often.
FIRST_SECONDS: Final = 300.0
#: How often it is looked what is due (seconds).
LOOK_SECONDS: Final = 2.5
#: How often what looks after work is sent though there is none (seconds): it also makes room.
QUIET_SECONDS: Final = 14.0
#: After so long without a sign of it the worker that sends is taken for dead (seconds). One that comes back under its
#: name goes on at once.
LOCK_SECONDS: Final = 10
#: How often who sends says that it does (seconds).
TAKE_SECONDS: Final = 4.0
#: How long a worker that stops keeps others from it (milliseconds).
_LEFT_MILLISECONDS: Final = 1


@dataclass(frozen=True, slots=True)
class Upkeep:
    """A task that is sent again and again."""

    task: str
    every_seconds: float
    #: A message that nobody has taken for so long is worth nothing any more.
    expires_seconds: float


SCHEDULE: Final = (
    # Work that nobody will finish is looked for.
    Upkeep(RECONCILE_TASK, every_seconds=LOOK_SECONDS, expires_seconds=10.0),
    Upkeep(SWEEP_TASK, every_seconds=3600.0, expires_seconds=3600.0),
)


class Due:
    """Which tasks of a schedule are due by the monotonic clock."""

    def __init__(self, schedule: Sequence[Upkeep] = SCHEDULE, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        start = ticks()
        self._due = {one: start + min(one.every_seconds, FIRST_SECONDS) for one in schedule}

    def now(self) -> list[Upkeep]:
        """What is due. It stays so until it is `sent`."""
        now = self._ticks()
        return [one for one, due in self._due.items() if due <= now]

    def sent(self, one: Upkeep) -> None:
        """It is due again after its interval; what was missed meanwhile is not made up for."""
        # Half a look is no reason to wait for the next one.
        self._due[one] = self._ticks() + one.every_seconds - LOOK_SECONDS / 2


class Quiet:
    """Whether a task need not be sent now that only looks after work: there is none, and it was sent a moment ago."""

    def __init__(self, client: redis.Redis, *, lease_seconds: int, ticks: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._lease_seconds = lease_seconds
        self._ticks = ticks
        self._sent_at = float("-inf")

    def spares(self, one: Upkeep) -> bool:
        """Whether it need not be sent. Raises RedisError."""
        return (
            one.task == RECONCILE_TASK
            and self._ticks() - self._sent_at < QUIET_SECONDS
            and is_quiet(self._redis, lease_seconds=self._lease_seconds)
        )

    def sent(self, one: Upkeep) -> None:
        """It was sent."""
        if one.task == RECONCILE_TASK:
            self._sent_at = self._ticks()


class Beat(TimerStep):
    """Has this system worker send the upkeep tasks, if no other one does."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Look from now on."""
        if parent.app.fleet != SYSTEM_FLEET:
            return
        client = connect(parent.app.settings)
        self._lock = Lock(client, BEATING_KEY, holder=parent.hostname, seconds=LOCK_SECONDS)
        self._due, self._quiet = Due(), Quiet(client, lease_seconds=parent.app.settings.visibility_timeout_seconds)
        self._taken_at = float("-inf")
        self.every(parent, LOOK_SECONDS, self._look, parent)

    def stop(self, parent: Any) -> None:
        """Leave it to others."""
        begun = self._timer is not None
        super().stop(parent)
        if begun:
            with suppress(redis.exceptions.RedisError):
                self._lock.free(after_milliseconds=_LEFT_MILLISECONDS)

    def _sends(self) -> bool:
        """Whether this worker sends. Raises RedisError."""
        now = time.monotonic()
        if now - self._taken_at < TAKE_SECONDS:
            return True
        mine = self._lock.take()
        if mine:
            self._taken_at = now
        return mine

    def _look(self, parent: Any) -> None:
        due = self._due.now()
        try:
            if due and self._sends():
                for one in due:
                    if not self._quiet.spares(one):
                        parent.app.send_task(one.task, expires=one.expires_seconds, retry=False)
                        self._quiet.sent(one)
                    self._due.sent(one)
        except (OperationalError, redis.exceptions.RedisError) as error:
            log.warning("upkeep has to wait: %s", error)
