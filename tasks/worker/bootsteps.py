"""Steps that our workers add to Celery's consumer."""

from __future__ import annotations

import logging
from typing import Any, Final

import redis
from celery.worker.consumer.events import Events
from celery.worker.consumer.tasks import Tasks

from tasks.ledger.counts import LOST_PROCESSES, add
from tasks.redis_keys import FLEET_SECONDS
from tasks.storage.connection import connect
from tasks.worker.member import Member
from tasks.worker.pool_deaths import PoolDeaths
from tasks.worker.timer_step import TimerStep

log = logging.getLogger(__name__)

#: For how long a worker gathers the events of its tasks (seconds), and how many at most.
EVENT_SECONDS: Final = 1.0
EVENT_LIMIT: Final = 1000
#: How often a worker looks whether its processes live, and how long it waits for the last word of a dead one (seconds).
LOST_PROCESS_SECONDS: Final = 0.5
#: How often it is looked whether a process has had no work for long (seconds).
IDLE_LOOK_SECONDS: Final = 5.0


class BatchedEvents(TimerStep):
    """Sends task events in batches.

    Celery flushes them at each turn of its loop: measured with groups of estimates, that was 0.41 of the worker's main
    process. Each batch wakes Redis and Flower: four a second cost a client that sends one request after the other two
    hundredths of its requests. While there is none, nobody is woken.
    """

    requires = (Events,)

    def start(self, parent: Any) -> None:
        """Gather events from now on, and flush them a while after the first; in the end the Events step flushes what is
        left."""
        dispatcher = parent.event_dispatcher
        if dispatcher is not None and parent.hub is not None:
            dispatcher.buffer_limit = EVENT_LIMIT
            dispatcher.on_send_buffered = lambda: self.once(parent, EVENT_SECONDS, dispatcher.flush)


class LostProcesses(TimerStep):
    """Finds out soon that a process of the pool has died with its work, and counts it.

    Celery sees at once that a process has ended, and looks for its last word at its next look, which is every 5 s.
    """

    requires = (Tasks,)
    _deaths: PoolDeaths | None = None

    def start(self, parent: Any) -> None:
        """Look from now on."""
        self._client = connect(parent.app.settings)
        # A worker without a pool of processes has none to lose.
        if self._deaths is None and (pool := getattr(parent.pool, "_pool", None)) is not None:
            self._deaths = PoolDeaths(pool, told=lambda: parent.timer.call_after(0, self._look, (parent,)))
        self.while_busy(parent, LOST_PROCESS_SECONDS, self._look, parent)

    def _look(self, parent: Any) -> None:
        parent.pool.maintain_pool()
        if self._deaths is None or not self._deaths.count:
            return
        try:
            add(self._client, {f"{LOST_PROCESSES}:{parent.app.fleet}": self._deaths.count})
            self._deaths.count = 0
        except redis.exceptions.RedisError as error:
            log.warning("a lost process cannot be counted: %s", error)


class IdleProcesses(TimerStep):
    """Has a pool whose processes come with work (`pool_on_demand.py`) end those that have none, while it has some."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Look from now on."""
        pool: Any = getattr(parent.pool, "_pool", None)
        if end_idle := getattr(pool, "end_idle", None):
            self.while_busy(parent, IDLE_LOOK_SECONDS, end_idle, busy=lambda: pool._pool)


class Membership(TimerStep):
    """Says every few seconds that this worker is there, until it stops."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Join the fleet."""
        app = parent.app
        self._member = Member(connect(app.settings), app.fleet, name=parent.hostname, holder=app.holder)
        self.every(parent, FLEET_SECONDS, self._announce, parent)
        self._announce(parent)
        self._member.look_around()

    def stop(self, parent: Any) -> None:
        """Leave the fleet."""
        joined = self._timer is not None
        super().stop(parent)
        if joined:
            self._member.leave()

    def _announce(self, parent: Any) -> None:
        self._member.announce(parent.pool.num_processes)
