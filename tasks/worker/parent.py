"""The parent of a worker's processes, each of which is a worker of Celery that runs its tasks itself.

A pool of processes hands each task from the worker's main process through a pipe to one of them, and its outcome back:
measured with groups of one, a quarter of all processor time that a request took. Here each process takes its work from
the queue, and the parent, which has imported everything and takes none, forks them, so that they share its memory; it
looks after them (`overseeing.py`), and forks another one for each that ends.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from billiard.pool import EX_OK, EX_RECYCLE  # type: ignore[import-untyped]

from tasks.strikes import until_strike
from tasks.worker import parent_death
from tasks.worker.endings import Ending
from tasks.worker.forked import Process
from tasks.worker.overseeing import Overseer
from tasks.worker.scoreboard import Entry, Scoreboard
from tasks.worker.signal_pipe import SignalPipe
from tasks.worker.watchdog import TURN_SECONDS, WATCH_SECONDS, watchdog

log = logging.getLogger(__name__)

#: How often the processes are looked at, and while none has work (seconds).
LOOK_SECONDS: Final = 0.2
IDLE_LOOK_SECONDS: Final = 0.5
#: A process that ends at once is forked no more often than this (seconds).
PAUSE_SECONDS: Final = 1.0
#: How long after the time in which work may be finished a process is killed that has none (seconds).
GRACE_SECONDS: Final = 1.0
STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGQUIT, signal.SIGINT)
#: Have all processes replaced, one after the other.
RENEW_SIGNAL: Final = signal.SIGHUP


class Parent:
    """Forks processes, and lives until they have ended.

    `begin` is what each is for, given its place, from 1, and its entry: it returns the exit status.
    """

    def __init__(
        self,
        scoreboard: Scoreboard,
        overseer: Overseer,
        *,
        begin: Callable[[int, Entry], int],
        drain_seconds: float,
    ) -> None:
        self._scoreboard = scoreboard
        self._overseer = overseer
        self._begin = begin
        self._drain_seconds = drain_seconds
        self._processes: dict[int, Process] = {}
        self._not_before: dict[int, float] = {}
        self._asked = 0
        self._until = 0.0
        self._to_renew: list[Process] = []

    def run(self) -> int:
        """Until it is told to stop. Returns the exit status."""
        self._signals = SignalPipe((*STOP_SIGNALS, RENEW_SIGNAL, signal.SIGCHLD))
        watchdog.start(WATCH_SECONDS)
        fed_at = 0.0
        came: list[int] = []
        while True:
            for number in came:
                self._heard(number)
            self._reap()
            if self._asked:
                if not self._processes:
                    break
                self._end_late()
            else:
                self._adjust()
            self._overseer.look(self._alive())
            if (now := time.monotonic()) - fed_at > TURN_SECONDS:
                watchdog.feed()
                fed_at = now
            is_idle = not self._asked and all(p.entry.ready and not p.work for p in self._alive())
            came = self._signals.wait(until_strike(IDLE_LOOK_SECONDS) if is_idle else LOOK_SECONDS)
        self._overseer.close()
        return 0

    def _alive(self) -> list[Process]:
        return list(self._processes.values())

    def _heard(self, number: int) -> None:
        if number in STOP_SIGNALS:
            self._asked += 1
            if self._asked == 1:
                log.info("this worker ends and takes nothing more")
                self._until = time.monotonic() + self._drain_seconds
            for process in self._alive():
                self._ask_to_end(process)
        elif number == RENEW_SIGNAL and not self._asked:
            self._to_renew = self._alive()

    def _ask_to_end(self, process: Process) -> None:
        process.leaves = True
        process.entry.stop = max(self._asked, 1)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGTERM)

    def _end_late(self) -> None:
        now = time.monotonic()
        for process in self._alive():
            grace = 0.0 if process.entry.work() else GRACE_SECONDS
            if self._asked > 1 or now > self._until + grace:
                process.kill(Ending.STOPPED)

    def _adjust(self) -> None:
        """Have as many processes as are wanted, and new ones for those that are to be replaced."""
        wanted = self._scoreboard.wanted
        staying = {process.place: process for process in self._alive() if not process.leaves}
        for place, process in staying.items():
            if place > wanted:
                self._ask_to_end(process)
        taken = {process.place for process in self._alive()}
        for place in range(1, wanted + 1):
            if place not in taken:
                self._fork(place)
        # One after the other: the others take work meanwhile.
        ready = all(process.entry.ready and not process.leaves for process in self._alive())
        if self._to_renew and ready:
            process = self._to_renew.pop()
            if process.pid in self._processes:
                self._ask_to_end(process)

    def _fork(self, place: int) -> None:
        now = time.monotonic()
        if now < self._not_before.get(place, 0.0):
            return
        self._not_before[place] = now + PAUSE_SECONDS
        entry = self._scoreboard.entry(place)
        entry.clear()
        parent = os.getpid()
        pid = os.fork()
        if pid:
            self._processes[pid] = Process(pid=pid, place=place, entry=entry, forked_at=now)
            return
        status = os.EX_SOFTWARE
        try:
            self._signals.leave()
            with suppress(OSError):
                parent_death.set_signal(signal.SIGKILL)
            if os.getppid() == parent:
                status = self._begin(place, entry)
        except BaseException:
            log.exception("a process could not be started")
        finally:
            logging.shutdown()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _reap(self) -> None:
        for pid, process in list(self._processes.items()):
            ended, status = os.waitpid(pid, os.WNOHANG)
            if not ended:
                continue
            del self._processes[pid]
            code = os.waitstatus_to_exitcode(status)
            lost = code not in (EX_OK, EX_RECYCLE) and not process.leaves
            if lost and process.ending is None:
                log.error("process %d has ended unasked: exit status %d", pid, code)
            self._overseer.ended(process, lost=lost)
