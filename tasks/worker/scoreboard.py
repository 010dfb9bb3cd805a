"""What each process of a worker is doing, in memory that they share with the parent that forked them.

As the scoreboard of Apache's httpd: a process writes what it begins and ends, which costs a microsecond and no lock;
the parent reads it whenever it looks, and once more when the process is gone.
"""

from __future__ import annotations

import mmap
import struct
import time
from dataclasses import dataclass
from typing import Final

#: Bytes of one entry. The first one is the parent's.
ENTRY_BYTES: Final = 256
#: More processes than so many a worker cannot have.
MOST_PROCESSES: Final = 1023

_NUMBER: Final = struct.Struct("<Q")
_SECONDS: Final = struct.Struct("<d")
_FLAG: Final = struct.Struct("<B")
_WORK: Final = struct.Struct("<ddd128s40s")
#: Where what stands in an entry.
_AT_NUMBER, _AT_TURNED, _AT_INTERRUPTED, _AT_STOP, _AT_READY, _AT_WORK, _AT_ASKED = 0, 8, 16, 24, 25, 32, 240
_AT_LOST: Final = 26
#: Where in the parent's entry the number of processes stands that it shall have.
_AT_WANTED: Final = 0


@dataclass(frozen=True, slots=True)
class Work:
    """A task that a process has begun."""

    #: Counts the tasks of its process, from 1.
    number: int
    id: str
    #: What kombu calls the message of a direct call; empty for work of the ledger.
    tag: str
    #: The limits of its time (seconds); 0: it has none.
    soft_limit: float
    hard_limit: float
    #: When it was begun, by the monotonic clock.
    began: float

    @property
    def of_ledger(self) -> bool:
        """Whether the ledger knows it."""
        return not self.tag


class Entry:
    """What one process says, and what its parent tells it."""

    def __init__(self, memory: memoryview) -> None:
        self._memory = memory
        self._count = 0

    def clear(self) -> None:
        """As for a process that has not begun."""
        self._memory[:] = bytes(len(self._memory))
        self.turn()

    def begin(self, task_id: str, *, tag: str, soft_limit: float, hard_limit: float) -> None:
        """This process begins a task."""
        limits = soft_limit, hard_limit, time.monotonic()
        _WORK.pack_into(self._memory, _AT_WORK, *limits, task_id.encode(errors="replace"), tag.encode())
        self._count += 1
        # Last, so that nobody reads it before the rest is there.
        _NUMBER.pack_into(self._memory, _AT_NUMBER, self._count)

    def end(self) -> None:
        """This process has ended its task, and its loop goes on."""
        _NUMBER.pack_into(self._memory, _AT_NUMBER, 0)
        self.turn()

    def turn(self) -> None:
        """The loop of this process turns."""
        _SECONDS.pack_into(self._memory, _AT_TURNED, time.monotonic())

    @property
    def turned(self) -> float:
        """When the loop of the process was last known to turn, by the monotonic clock."""
        at: float = _SECONDS.unpack_from(self._memory, _AT_TURNED)[0]
        return at

    def ask(self) -> None:
        """This process asks for its next task."""
        _SECONDS.pack_into(self._memory, _AT_ASKED, time.monotonic())

    @property
    def asked(self) -> float:
        """When it did so last, by the monotonic clock."""
        at: float = _SECONDS.unpack_from(self._memory, _AT_ASKED)[0]
        return at

    def work(self) -> Work | None:
        """What the process does now; None: nothing."""
        number = self._number(_AT_NUMBER)
        if not number:
            return None
        soft, hard, began, task_id, tag = _WORK.unpack_from(self._memory, _AT_WORK)
        if self._number(_AT_NUMBER) != number:
            return None
        return Work(number, _text(task_id), _text(tag), soft_limit=soft, hard_limit=hard, began=began)

    def interrupt(self, work: Work) -> None:
        """Say which task the next signal is to interrupt."""
        _NUMBER.pack_into(self._memory, _AT_INTERRUPTED, work.number)

    def is_interrupted(self) -> bool:
        """Whether the task at work is the one that a signal is to interrupt: it may have come too late for that one."""
        return self._number(_AT_INTERRUPTED) == self._number(_AT_NUMBER)

    @property
    def stop(self) -> int:
        """How often the parent was asked to stop."""
        return self._flag(_AT_STOP)

    @stop.setter
    def stop(self, times: int) -> None:
        _FLAG.pack_into(self._memory, _AT_STOP, times)

    @property
    def ready(self) -> bool:
        """Whether the process takes work."""
        return bool(self._flag(_AT_READY))

    @ready.setter
    def ready(self, is_so: bool) -> None:
        _FLAG.pack_into(self._memory, _AT_READY, is_so)

    @property
    def has_lost(self) -> bool:
        """Whether the process has lost a connection, and maybe work that it had not begun, since its parent looked."""
        return bool(self._flag(_AT_LOST))

    @has_lost.setter
    def has_lost(self, is_so: bool) -> None:
        _FLAG.pack_into(self._memory, _AT_LOST, is_so)

    def _number(self, at: int) -> int:
        number: int = _NUMBER.unpack_from(self._memory, at)[0]
        return number

    def _flag(self, at: int) -> int:
        flag: int = _FLAG.unpack_from(self._memory, at)[0]
        return flag


def _text(field: bytes) -> str:
    return field.rstrip(b"\0").decode(errors="replace")


class Scoreboard:
    """The entries of all processes of a worker. Pages that nobody has written take no memory."""

    def __init__(self, wanted: int) -> None:
        # Shared with what is forked from this process, and with nobody else.
        self._memory = memoryview(mmap.mmap(-1, ENTRY_BYTES * (1 + MOST_PROCESSES)))
        self.wanted = wanted

    def entry(self, place: int) -> Entry:
        """That of the process at this place, from 1."""
        return Entry(self._memory[place * ENTRY_BYTES : (place + 1) * ENTRY_BYTES])

    @property
    def wanted(self) -> int:
        """How many processes there shall be."""
        number: int = _NUMBER.unpack_from(self._memory, _AT_WANTED)[0]
        return number

    @wanted.setter
    def wanted(self, count: int) -> None:
        _NUMBER.pack_into(self._memory, _AT_WANTED, min(max(count, 1), MOST_PROCESSES))
