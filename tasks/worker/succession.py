"""What a killed worker had is given back by another one on its machine, as soon as it is seen that it is dead.

Else it waits, each time that its worker is killed, until its lease has run out and two looks have found it. A worker
holds a lock on a file with its name in the ledger; the kernel frees that when the last process of the worker has ended,
and never before, so that one which only stands still keeps what it has. The same end closes the file, of which others
hear (`file_events.py`); who cannot hear looks again and again.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import redis
from celery.worker.consumer.tasks import Tasks

from tasks.ledger.store import Ledger
from tasks.redis_keys import GROUP_KEY, LEASES_KEY
from tasks.storage.connection import connect
from tasks.worker.file_events import Closings
from tasks.worker.timer_step import TimerStep

log = logging.getLogger(__name__)

#: How often a worker looks for dead ones (seconds) that hears of none, and one that does.
LOOK_SECONDS: Final = 1.0
SURE_SECONDS: Final = 30.0
#: How long after it has heard of one (seconds): a file is closed a moment before its lock is free, and one look may be
#: for many.
HEARD_SECONDS: Final = 0.2
#: In how many leases at most it is looked what a dead one had; those that are renewed no more run out first.
LEASES: Final = 1000
#: What the name of a file begins with that is not locked yet.
UNREADY: Final = "."


class Succession(TimerStep):
    """Holds this worker's lock, and looks for the dead, where there is a folder for the locks."""

    requires = (Tasks,)
    _lock: int | None = None
    _closings: Closings | None = None

    def start(self, parent: Any) -> None:
        """Look from now on. The lock stays until the process ends."""
        if (folder := parent.app.holders) is None:
            return
        if self._lock is None:
            self._lock = hold(folder, parent.app.holder)
        self._client = connect(parent.app.settings)
        self._ledger = Ledger(self._client, settings=parent.app.settings)
        self.every(parent, SURE_SECONDS if self._hears(parent, folder) else LOOK_SECONDS, self._look, folder)
        # Who died a moment ago was not heard.
        self._look(folder)

    def stop(self, parent: Any) -> None:
        """Look no more."""
        super().stop(parent)
        if self._closings is not None:
            parent.hub.remove(self._closings)
            self._closings.close()
            self._closings = None

    def _hears(self, parent: Any, folder: Path) -> bool:
        """Have it looked when another worker may have died; False where that cannot be heard."""
        try:
            closings = self._closings = Closings(folder)
        except OSError as error:
            log.info("it is looked for killed workers every %.0f s: %s", LOOK_SECONDS, error)
            return False
        waits: list[Any] = []

        def look() -> None:
            waits.clear()
            self._look(folder)

        def heard() -> None:
            closings.forget()
            if not waits:
                waits.append(parent.timer.call_after(HEARD_SECONDS, look))

        parent.hub.add_reader(closings, heard)
        return True

    def _look(self, folder: Path) -> None:
        succeed(folder, self._client, self._ledger)


def succeed(folder: Path, client: redis.Redis, ledger: Ledger) -> None:
    """Give back what the dead had whose locks lie in this folder."""
    try:
        for path in folder.iterdir():
            with dead(path) as ours:
                if ours and (count := give_back(client, ledger, holder=path.name)):
                    log.warning("a worker was killed, and %d groups of work that it had are queued again", count)
    except (OSError, redis.exceptions.RedisError) as error:
        log.warning("what killed workers had waits for its leases: %s", error)


def hold(folder: Path, holder: str) -> int:
    """Have the lock of this name from now on; the file descriptor is passed on to processes that are forked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{UNREADY}{holder}"
    lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    path.rename(folder / holder)
    return lock


@contextmanager
def dead(path: Path) -> Iterator[bool]:
    """True inside if nobody holds the lock of this file and nobody else sees to it; afterwards, unless an error is
    raised, the file is gone."""
    try:
        # Not for writing: others would hear this look end.
        lock = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        ours = False
        if not path.name.startswith(UNREADY):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # Another may have seen to it between the two calls.
                ours = os.fstat(lock).st_nlink > 0
        yield ours
        if ours:
            path.unlink()
    finally:
        os.close(lock)


def give_back(client: redis.Redis, ledger: Ledger, *, holder: str) -> int:
    """Put back what this holder had, who has ended. Returns how many groups that were."""
    return sum(ledger.put_back(group, holder=holder) for group in held(client, holder=holder))


def held(client: redis.Redis, *, holder: str) -> list[str]:
    """The groups that this holder has."""
    groups: Any = client.zrange(LEASES_KEY, 0, LEASES - 1)
    with client.pipeline(transaction=False) as pipe:
        for group in groups:
            pipe.hget(GROUP_KEY.format(group=group.decode()), "holder")
        holders = pipe.execute()
    return [group.decode() for group, by in zip(groups, holders, strict=True) if by == holder.encode()]
