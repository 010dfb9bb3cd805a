"""Stops work that its owner has cancelled while a process has it: the main process looks, and interrupts that process.

It is interrupted as by the soft time limit, and says then what it was interrupted for. What cannot be interrupted, as
code of C that takes long, is killed. Nothing half done is seen: what work stores is stored by one script, which asks
whether it was cancelled; after that it cannot be cancelled any more.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Collection
from contextlib import suppress
from typing import Any, Final

import redis
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from tasks.contract import SYSTEM_FLEET
from tasks.ledger.cancelling import end
from tasks.ledger.store import Ledger
from tasks.storage.connection import connect
from tasks.worker.pool_deaths import kill
from tasks.worker.qos import in_ledger
from tasks.worker.time_limits import SIGNAL
from tasks.worker.timer_step import TimerStep

log = logging.getLogger(__name__)

#: How often it is looked whether work was cancelled that was there the last time (seconds): short work costs nothing.
LOOK_SECONDS: Final = 0.4
#: How long after it was interrupted a process is killed (seconds).
PATIENCE_SECONDS: Final = 0.7


class CancelledWork:
    """Which of the groups that are at work are to be stopped."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._seen: set[str] = set()
        #: When the process was interrupted that has a group.
        self._interrupted: dict[str, float] = {}

    def look(self, active: Collection[str]) -> list[tuple[str, bool]]:
        """Of the groups at work that are cancelled: whether its process is to be killed, having been interrupted in
        vain. Raises RedisError."""
        before, self._seen = self._seen, set(active)
        self._interrupted = {group: at for group, at in self._interrupted.items() if group in self._seen}
        found = self._ledger.cancelled(group for group in active if group in before)
        now = time.monotonic()
        stopped = []
        for group, (items, cancelled) in found.items():
            if not items or len(cancelled) != items:
                continue
            if self._interrupted.setdefault(group, now) == now:
                stopped.append((group, False))
            elif now - self._interrupted[group] > PATIENCE_SECONDS:
                stopped.append((group, True))
        return stopped


class Cancels(TimerStep):
    """Looks, in the main process of a worker that has a pool."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Look from now on."""
        if parent.app.fleet == SYSTEM_FLEET:
            return
        self._ledger = Ledger(connect(parent.app.settings), settings=parent.app.settings)
        self._cancelled = CancelledWork(self._ledger)
        self.while_busy(parent, LOOK_SECONDS, self._look, parent)

    def _look(self, parent: Any) -> None:
        active = {request.id: request for request in tuple(state.active_requests) if in_ledger(request._message)}
        try:
            for group, kills in self._cancelled.look(active):
                self._stop_work(parent, active[group], kills=kills)
        except redis.exceptions.RedisError as error:
            log.warning("it cannot be seen whether work was cancelled: %s", error)

    def _stop_work(self, parent: Any, request: Any, *, kills: bool) -> None:
        pid = request.worker_pid
        if pid is None:
            return
        if not kills:
            with suppress(ProcessLookupError):
                os.kill(pid, SIGNAL)
        else:
            log.info("work %s was cancelled and is killed with its process", request.id, extra={"task_id": request.id})
            for process in parent.pool._pool._pool:
                if process.pid == pid:
                    kill(process)
            if self._ledger.put_back(request.id, holder=parent.app.holder, excused=True):
                end(self._ledger, request.id)
