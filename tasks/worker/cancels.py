"""Stops work that its owner has cancelled while a process has it: the main process looks, and interrupts that process.

It is interrupted as by the soft time limit, and says then what it was interrupted for. What cannot be interrupted, as
code of C that takes long, is killed. Nothing half done is seen: what work stores is stored by one script, which asks
whether it was cancelled; after that it cannot be cancelled any more.
"""

from __future__ import annotations

import logging
import os
import time
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


class Cancels(TimerStep):
    """Looks, in the main process of a worker that has a pool."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Look from now on."""
        if parent.app.fleet == SYSTEM_FLEET:
            return
        self._ledger = Ledger(connect(parent.app.settings), settings=parent.app.settings)
        self._seen: set[str] = set()
        #: When the process was interrupted that has a group.
        self._interrupted: dict[str, float] = {}
        self.while_busy(parent, LOOK_SECONDS, self._look, parent)

    def _look(self, parent: Any) -> None:
        active = {request.id: request for request in tuple(state.active_requests) if in_ledger(request._message)}
        before, self._seen = self._seen, set(active)
        self._interrupted = {group: at for group, at in self._interrupted.items() if group in active}
        try:
            found = self._ledger.cancelled(group for group in active if group in before)
            for group, (items, cancelled) in found.items():
                if items and len(cancelled) == items:
                    self._stop_work(parent, active[group])
        except redis.exceptions.RedisError as error:
            log.warning("it cannot be seen whether work was cancelled: %s", error)

    def _stop_work(self, parent: Any, request: Any) -> None:
        now, pid = time.monotonic(), request.worker_pid
        if pid is None:
            return
        if request.id not in self._interrupted:
            self._interrupted[request.id] = now
            with suppress(ProcessLookupError):
                os.kill(pid, SIGNAL)
        elif now - self._interrupted[request.id] > PATIENCE_SECONDS:
            log.info("work %s was cancelled and is killed with its process", request.id, extra={"task_id": request.id})
            for process in parent.pool._pool._pool:
                if process.pid == pid:
                    kill(process)
            if self._ledger.put_back(request.id, holder=parent.app.holder, excused=True):
                end(self._ledger, request.id)
