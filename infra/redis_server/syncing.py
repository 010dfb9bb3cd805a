"""Puts on the disk, each second, what the embedded Valkey has written; says so while the disk does not take it.

Valkey's own `appendfsync everysec` holds back what it should write while a sync takes long, for up to 2 s, and answers
meanwhile: killed then, it has forgotten what it promised. With `appendfsync no` each write is the kernel's before it is
answered (`flushAppendOnlyFile` in its src/aof.c), and the syncs are this process's.
"""

from __future__ import annotations

import argparse
import errno
import logging
import os
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from infra.host.home import Home
from infra.redis_server.append_only import current
from infra.redis_server.room import LEAST_BYTES, Room
from tasks.config.settings import Settings
from tasks.strikes import until_strike

log = logging.getLogger(__name__)

#: From the begin of one sync to the begin of the next.
SYNC_SECONDS: Final = 1.0
#: At least so long the disk is left alone.
PAUSE_SECONDS: Final = 0.1
#: What is said of a disk that does not take what is written.
FULL: Final = "the disk of Redis is nearly full, and nothing new is accepted; try again later"
BROKEN: Final = "the disk of Redis cannot be written, and nothing new is accepted; try again later"


class Written:
    """One file that is written, and how much of it is on the disk."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._descriptor = os.open(path, os.O_WRONLY)
        self._room = Room(self._descriptor)
        self._synced: tuple[int, int] | None = None
        self._failed = False

    def sync(self) -> None:
        """Put on the disk what was written until now. Raises OSError if the disk does not take it."""
        found = os.fstat(self._descriptor)
        state = (found.st_size, found.st_mtime_ns)
        if self._failed:
            # The kernel says it once, and forgets what it could not write: a later success would mean nothing.
            raise OSError(errno.EIO, "a sync of this file has failed")
        if state == self._synced:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError:
            self._failed = True
            raise
        self._synced = state

    def is_at(self, path: Path) -> bool:
        """Whether the file lies there. Raises OSError."""
        return os.path.samestat(os.fstat(self._descriptor), path.stat())

    def room(self) -> int:
        """How many bytes can surely be written now. Raises OSError."""
        return self._room.keep()

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)


class Syncer:
    """Follows Valkey from file to file: it begins a new one when it has rewritten all."""

    def __init__(self, data: Path, *, syncs: bool = True) -> None:
        """`data`: Valkey's folder. `syncs`: False if Valkey syncs each write itself, and only room is to be kept."""
        self._data = data
        self._syncs = syncs
        self._file: Written | None = None

    def turn(self) -> str:
        """Sync, and keep room; what is wrong with the disk, for those whose work is refused, or nothing."""
        try:
            file = self._follow()
            if file is None:
                return ""
            if self._syncs:
                _timed(file)
            return FULL if file.room() < LEAST_BYTES else ""
        except FileNotFoundError:
            # Valkey has just begun another, or all was deleted under it.
            return ""
        except OSError as error:
            log.critical("the append-only file cannot be synced; it is written anew by BGREWRITEAOF: %s", error)
            return BROKEN

    def close(self) -> None:
        """Let go of the file."""
        if self._file:
            self._file.close()
            self._file = None

    def _follow(self) -> Written | None:
        path = current(self._data)
        if path and (self._file is None or not self._file.is_at(path)):
            # Valkey syncs the one before when it begins another.
            self.close()
            self._file = Written(path)
        return self._file


def _timed(file: Written) -> None:
    began = time.monotonic()
    file.sync()
    took = time.monotonic() - began
    if took > SYNC_SECONDS:
        log.warning("the disk took %.1f s for a sync: so much a power cut would have lost", took)


def run(_args: argparse.Namespace) -> int:
    """Sync until killed."""
    settings = Settings.load()
    log.info("what Valkey writes is put on the disk each second")
    teller = Teller(settings)
    syncer = Syncer(Home(Path(os.environ["MLSERVICE_HOME"])).redis, syncs=settings.redis_sync != "always")
    with closing(syncer):
        while True:
            teller.tell(syncer.turn())
            # Half a turn after the clocks strike by which an idle service writes (`strikes.py`): it is all there then.
            time.sleep(max(PAUSE_SECONDS, until_strike(SYNC_SECONDS, later=SYNC_SECONDS / 2)))


class Teller:
    """Tells those who accept work that the disk does not take it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._told = ""

    def tell(self, fault: str) -> None:
        """Tell a fault, or, with nothing, that it is over. What cannot be told is told at the next turn."""
        if not (fault or self._told):
            return
        # Loaded on the day it is needed: until then this process is a small one.
        import redis

        from tasks.ledger.disk import clear_fault, tell_fault
        from tasks.storage.connection import connect

        if fault != self._told:
            log.warning("%s", fault or "the disk of Redis takes what is written again")
        try:
            with closing(connect(self._settings)) as client:
                if fault:
                    tell_fault(client, fault)
                else:
                    clear_fault(client)
        except redis.RedisError as error:
            log.warning("those who accept work cannot be told: %s", error)
            return
        self._told = fault
