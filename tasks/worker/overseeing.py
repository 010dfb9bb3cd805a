"""What a parent does for the processes that it has forked, each a worker of its own that runs its tasks itself.

While a task runs, the process that has it does nothing else. So its neighbour renews the lease, keeps the limits of
time and memory, stops what was cancelled, and gives back what a process had that is gone.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import redis
from kombu.exceptions import OperationalError

from tasks.ledger.cancelling import end
from tasks.ledger.counts import LOST_PROCESSES, add
from tasks.ledger.store import Ledger
from tasks.redis_keys import FLEET_SECONDS
from tasks.storage.connection import connect
from tasks.strikes import Clock
from tasks.worker.adopting import end_direct
from tasks.worker.assigned import Assignee, begun_by, give_back_unbegun
from tasks.worker.cancels import LOOK_SECONDS as CANCEL_SECONDS
from tasks.worker.cancels import CancelledWork
from tasks.worker.endings import Ending
from tasks.worker.file_events import Closings
from tasks.worker.forked import Process
from tasks.worker.leases import RENEWAL_PART, Renewal
from tasks.worker.member import Member
from tasks.worker.memory_limit import resident_bytes, too_large
from tasks.worker.resting import caller
from tasks.worker.scoreboard import Work
from tasks.worker.succession import HEARD_SECONDS, SURE_SECONDS, succeed
from tasks.worker.succession import LOOK_SECONDS as SUCCESSION_SECONDS
from tasks.worker.verdicts import PASSING
from tasks.worker.watchdog import WATCH_SECONDS

log = logging.getLogger(__name__)

#: If a look comes later than this after the last one, the machine stood still, and this process with it (seconds).
LATE_SECONDS: Final = 2.0
#: How long a process that stands still has to say where (seconds).
TRACE_SECONDS: Final = 2.0


class Overseer:
    """Looks after the processes of one parent, and says that the worker is there which they are together."""

    def __init__(self, app: Any, *, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._now = clock
        settings = app.settings
        self._client = connect(settings)
        self._ledger = Ledger(self._client, settings=settings)
        self._call_resting = caller(self._client)
        lease = settings.visibility_timeout_seconds
        self._renewal = Renewal(self._client, seconds=lease, fleet=app.fleet, holder=app.holder)
        self._cancelled = CancelledWork(self._ledger)
        self._renew_at, self._cancel_at = Clock(lease * RENEWAL_PART), Clock(CANCEL_SECONDS)
        self._member = Member(self._client, app.fleet, name=name, holder=app.holder)
        self._is_member = False
        self._announce_at = Clock(FLEET_SECONDS)
        self._closings = _closings(app.holders)
        self._succeed_at = Clock(SUCCESSION_SECONDS if self._closings is None else SURE_SECONDS)
        self._looked_at = clock()
        self._late_at = 0.0
        #: What is to be given back, once Redis takes it.
        self._owed: list[tuple[Work, Ending]] = []
        self._lost = 0
        #: The first process that has ended, until what it was assigned and had not begun is given back; 0: none.
        self._first_gone = 0

    def look(self, processes: Sequence[Process]) -> None:
        """Do what is due for each. Raises nothing."""
        now = self._now()
        if now - self._looked_at > LATE_SECONDS:
            self._late_at = now
        self._looked_at = now
        for process in processes:
            process.work = process.entry.work()
            self._keep_time(process, now)
        self._keep_memory(processes)
        at_work = [process for process in processes if process.work is not None]
        with _tried("work in progress cannot be looked after"):
            if self._renew_at.is_due(now):
                works = [process.work for process in at_work if process.work]
                groups = [work.id for work in works if work.of_ledger]
                self._renewal.renew(groups, [work.tag for work in works if not work.of_ledger])
            if self._cancel_at.is_due(now):
                self._stop_cancelled(at_work)
        with _tried("what dead processes had waits"):
            self._settle(processes)
        self._belong(processes, now)

    def ended(self, process: Process, *, lost: bool) -> None:
        """Take note of a process that has ended, which was not asked to if it is `lost`."""
        work = process.entry.work()
        ending = process.ending or (Ending.LOST if lost else Ending.DONE)
        if ending is Ending.LOST:
            self._lost += 1
        if process.place == 1:
            self._first_gone = process.pid
            # The others rest because it asks for work.
            self._call_resting()
        if work is None:
            return
        if process.blamed not in (0, work.number):
            # It had gone on to the next one meanwhile, which is not to blame.
            ending = Ending.STOPPED
        self._owed.append((work, ending))

    def close(self) -> None:
        """Give back what is left, if Redis is there, and leave the fleet."""
        with _tried("what dead processes had is left to their leases"):
            self._settle(())
        if self._is_member:
            self._member.leave()

    def _belong(self, processes: Sequence[Process], now: float) -> None:
        if not self._is_member:
            if any(process.entry.ready for process in processes):
                self._is_member = True
                self._member.announce(len(processes))
                self._member.look_around()
        elif self._announce_at.is_due(now):
            self._member.announce(len(processes))
        if self._app.holders is None:
            return
        if self._closings is not None and self._closings.heard():
            # A moment later the lock is free, and one look may be for many.
            self._succeed_at.at = now - self._succeed_at.seconds + HEARD_SECONDS
        if self._succeed_at.is_due(now):
            succeed(self._app.holders, self._client, self._ledger)

    def _keep_time(self, process: Process, now: float) -> None:
        work = process.work
        if work is None:
            still = now - max(process.entry.turned, self._late_at)
            if process.entry.ready and still > WATCH_SECONDS:
                self._keep_turning(process, now)
            return
        spent = now - work.began
        if work.soft_limit and spent > work.soft_limit and process.warned != work.number:
            process.warned, process.warned_at = work.number, now
            process.interrupt()
        elif process.warned == work.number:
            # From then on: after the machine stood still both limits may have passed at once.
            spent = work.soft_limit + now - process.warned_at
        if work.hard_limit and spent > work.hard_limit and (not work.soft_limit or process.warned_at != now):
            log.error("work %s ran longer than it may and is killed", work.id, extra={"task_id": work.id})
            process.kill(Ending.TIMED_OUT)

    def _keep_turning(self, process: Process, now: float) -> None:
        """End a process whose loop stands still, once it has said where."""
        if not process.asked_at:
            process.asked_at = now
            log.error("process %d stands still and is ended", process.pid)
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGABRT)
        elif now - process.asked_at > TRACE_SECONDS:
            process.kill(Ending.LOST)

    def _keep_memory(self, processes: Sequence[Process]) -> None:
        by_pid = {process.pid: process for process in processes}
        if not any(process.work for process in processes):
            return
        sizes = {pid: resident_bytes(pid) for pid in by_pid}
        each = self._app.settings.worker_memory_bytes
        for pid in too_large(sizes, each=each, together=self._app.fleet_bytes):
            log.error("a process with %d bytes of memory is ended, of which it may have %d", sizes[pid], each)
            by_pid[pid].kill(Ending.OVER_MEMORY)

    def _stop_cancelled(self, at_work: Collection[Process]) -> None:
        having = {process.work.id: process for process in at_work if process.work and process.work.of_ledger}
        for group, kills in self._cancelled.look(having):
            if kills:
                log.info("work %s was cancelled and is killed with its process", group, extra={"task_id": group})
                having[group].kill(Ending.CANCELLED)
            else:
                having[group].interrupt()

    def _settle(self, processes: Sequence[Process]) -> None:
        if self._lost:
            add(self._client, {f"{LOST_PROCESSES}:{self._app.fleet}": self._lost})
            self._lost = 0
        lost = [process.entry for process in processes if process.entry.has_lost]
        if self._first_gone:
            Assignee(self._client, self._ledger, holder=self._app.holder, pid=self._first_gone).end()
        if self._first_gone or lost:
            begun = {work.id for work, _ in self._owed}
            give_back_unbegun(
                self._client,
                self._ledger,
                holder=self._app.holder,
                begun=lambda: begun | begun_by(process.entry for process in processes),
            )
            self._first_gone = 0
            for entry in lost:
                entry.has_lost = False
        while self._owed:
            work, ending = self._owed[0]
            # Redis was away so long that another process of this worker has it by now.
            if not any(process.work and process.work.id == work.id for process in processes):
                self._give_back(work, ending)
            del self._owed[0]

    def _give_back(self, work: Work, ending: Ending) -> None:
        log.warning("work %s is given back: %s", work.id, ending.name, extra={"task_id": work.id})
        if not work.of_ledger:
            end_direct(self._app, work, ending)
            return
        there = self._ledger.put_back(
            work.id,
            holder=self._app.holder,
            excused=ending in (Ending.CANCELLED, Ending.STOPPED, Ending.DONE),
            timed_out=ending is Ending.TIMED_OUT,
            over_memory=ending is Ending.OVER_MEMORY,
        )
        if there and ending is Ending.CANCELLED:
            end(self._ledger, work.id)


def _closings(folder: Path | None) -> Closings | None:
    """What hears of killed workers; None where that cannot be heard."""
    with suppress(OSError):
        return Closings(folder) if folder is not None else None
    return None


@contextmanager
def _tried(what: str) -> Iterator[None]:
    try:
        yield
    except (redis.exceptions.RedisError, OperationalError, *PASSING) as error:
        log.warning("%s: %s", what, error)
