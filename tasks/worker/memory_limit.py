"""How much memory a process of a worker may have, and what keeps it there.

The kernel refuses it more data (RLIMIT_DATA): Python raises MemoryError, and the work fails with a reason. What that
does not count, or code that cannot be refused anything, the worker's main process looks at from outside: a process that
is over its limit is ended, alone, and what it did fails with the same reason.
"""

from __future__ import annotations

import logging
import os
import resource
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import redis
from billiard.einfo import ExceptionInfo  # type: ignore[import-untyped]
from celery.worker import state
from celery.worker.consumer.tasks import Tasks

from tasks.config.capacity import DATA_PART
from tasks.config.machine import cores
from tasks.errors import MemoryLimit
from tasks.ledger.store import Ledger
from tasks.storage.connection import connect
from tasks.worker.isolation import memory_limit
from tasks.worker.pool_deaths import kill
from tasks.worker.qos import in_ledger
from tasks.worker.timer_step import TimerStep

log = logging.getLogger(__name__)

#: How often processes are looked at (seconds).
LOOK_SECONDS: Final = 0.2
#: What will count as data and not be used: the stacks of threads, of which libraries have two sets (bytes for each
#: core).
STACK_BYTES: Final = 2 * 8 * 2**20
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


def limit_data(limit: int) -> None:
    """Have this process be refused memory past `limit` bytes. A stricter limit that it has stays."""
    most, hard = int(limit * DATA_PART) + STACK_BYTES * cores(), resource.getrlimit(resource.RLIMIT_DATA)[1]
    # Where there is no /proc, as on macOS, less is let be.
    with suppress(OSError):
        _, resident, shared, _, _, data, _ = _pages("self")
        # Libraries have asked for more than they use.
        most += max(0, data - (resident - shared)) * _PAGE_BYTES
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def resident_bytes(pid: int) -> int:
    """The memory that a process has now; 0 if it is gone."""
    with suppress(OSError):
        return _pages(str(pid))[1] * _PAGE_BYTES
    return 0


def _pages(pid: str) -> list[int]:
    """/proc/PID/statm (proc(5)): all, those in memory, those of them that are of files, ..., data."""
    return [int(word) for word in Path(f"/proc/{pid}/statm").read_text().split()]


def too_large(sizes: Mapping[int, int], *, each: int, together: int) -> list[int]:
    """Which of these processes are to end: those over `each`; and the largest of the others, if they have more than
    `together`."""
    over = [pid for pid, size in sizes.items() if size > each]
    rest = {pid: size for pid, size in sizes.items() if size <= each}
    if sum(rest.values()) > together:
        over.append(max(rest, key=rest.__getitem__))
    return over


class MemoryWatch(TimerStep):
    """Has the worker's main process look at its pool."""

    requires = (Tasks,)

    def start(self, parent: Any) -> None:
        """Look from now on."""
        self._client = connect(parent.app.settings)
        self.while_busy(parent, LOOK_SECONDS, self._look, parent)

    def _look(self, parent: Any) -> None:
        # A worker without a pool works in this process, of which nobody else can take care.
        pool = getattr(parent.pool, "_pool", None)
        processes = {process.pid: process for process in getattr(pool, "_pool", ())}
        sizes = {pid: resident_bytes(pid) for pid in processes}
        each, together = parent.app.settings.worker_memory_bytes, parent.app.fleet_bytes
        for pid in too_large(sizes, each=each, together=together):
            log.error("a process with %d bytes of memory is ended, of which it may have %d", sizes[pid], each)
            self._end(parent.app, processes[pid])

    def _end(self, app: Any, process: Any) -> None:
        kill(process)
        for request in tuple(state.active_requests):
            if request.worker_pid == process.pid:
                self._fail(app, request)

    def _fail(self, app: Any, request: Any) -> None:
        if in_ledger(request._message):
            try:
                Ledger(self._client).put_back(request.id, holder=app.holder, over_memory=True)
            except redis.exceptions.RedisError as error:
                log.warning(
                    "work %s needed too much memory and could not be given back: %s",
                    request.id,
                    error,
                    extra={"task_id": request.id},
                )
        job = request._apply_result()
        if job is None or job.ready():
            return
        # As the pool does for the hard time limit: the call has its error, and is not made again.
        try:
            raise memory_limit()
        except MemoryLimit:
            job._set(job._job, (False, ExceptionInfo()))
