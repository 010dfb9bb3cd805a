"""Renews the claim on work in progress, from the worker's main process, for as long as it lives.

Work of the ledger has its lease there; a direct call has kombu's note of unacknowledged messages. Both are extended
every few seconds, so that the time after which a dead worker's work is given to another one can be short, however
long the work is. See celery/celery#5935.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

import redis
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from tasks.ledger.store import Ledger
from tasks.redis_keys import GROUP_KEY, LEASES_KEY, UNACKED_INDEX_KEY
from tasks.storage.connection import connect
from tasks.storage.scripts import register
from tasks.worker.qos import in_ledger
from tasks.worker.redaction import RedactedRequest
from tasks.worker.timer_step import TimerStep

log = logging.getLogger(__name__)

#: How often a lease is renewed, as a part of its length.
RENEWAL_PART: Final = 0.25


class Renewal:
    """Renews what one worker has, by its fleet and by what it is called in the ledger."""

    def __init__(self, client: redis.Redis, *, seconds: float, fleet: str, holder: str) -> None:
        self._client = client
        self._seconds, self._fleet, self._holder = seconds, fleet, holder
        self._renew = register(client, "tasks/worker/lua/renew_leases.lua")

    def renew(self, groups: Sequence[str], tags: Sequence[str]) -> None:
        """Extend the leases of these groups, and the notes of the direct calls with these tags. Raises RedisError."""
        if groups:
            self._renew(keys=[LEASES_KEY], args=[self._seconds, GROUP_KEY.format(group=""), self._holder, *groups])
        if tags:
            key = UNACKED_INDEX_KEY.format(fleet=self._fleet)
            self._client.zadd(key, dict.fromkeys(tags, time.time()), xx=True)


class Leases(TimerStep):
    """Renews the leases of what this worker's processes have begun."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Renew from now on, by the worker's clock, which a lost connection clears; in the end, what runs on keeps its
        lease until that ends."""
        app = parent.app
        seconds = app.settings.visibility_timeout_seconds
        self._renewal = Renewal(connect(app.settings), seconds=seconds, fleet=app.fleet, holder=app.holder)
        self.while_busy(parent, seconds * RENEWAL_PART, self._tick)
        # After a broken connection there is work in progress, whose leases have waited long enough.
        self._tick()

    def _tick(self) -> None:
        try:
            self._renew_all(tuple(state.active_requests), {*state.reserved_requests, *state.scheduled_requests})
        except redis.exceptions.RedisError as error:
            log.warning("the leases could not be renewed: %s", error)

    def _renew_all(self, active: Iterable[Any], taken: Iterable[Any]) -> None:
        groups = [request.id for request in active if in_ledger(request._message)]
        tags = [request._message.delivery_tag for request in taken if not in_ledger(request._message)]
        self._renewal.renew(groups, tags)


class WorkRequest(RedactedRequest):
    """A task in a worker's main process, which gives work of the ledger back when it is killed for its time limit."""

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """Called when a time limit has passed; after the hard one the process is killed."""
        super().on_timeout(soft, timeout)
        if not soft and in_ledger(self._message):
            client = connect(self._app.settings)
            try:
                Ledger(client).put_back(self.id, holder=self._app.holder, timed_out=True)
            except redis.exceptions.RedisError as error:
                log.warning(
                    "work %s was killed for its time limit and could not be given back: %s",
                    self.id,
                    error,
                    extra={"task_id": self.id},
                )
