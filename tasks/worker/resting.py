"""Which processes of a worker ask for work while there is little of it: the first.

Redis gives a message to who has asked for the longest time, so that processes take turns, and each finds the
processor's caches full of what the other did: of two processes a request that is alone took 0.82 ms of processor time,
of one 0.57. So a process other than the first rests once its work was all that there was. It waits on a list then, by
which it is called as soon as work comes while other work is in hand (`accept.lua`, `claim.lua`), or a process begins
what the ledger does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from time import monotonic
from typing import Final

import redis

from tasks.redis_keys import RESTING_KEY
from tasks.storage.scripts import register
from tasks.worker.assigned import Assignee
from tasks.worker.scoreboard import Entry

#: For how long a process other than the first asks for work until it rests (seconds).
ASK_SECONDS: Final = 1.0
#: For how long it looks for work that nobody has called it for, and the longest time between two such looks (seconds):
#: the second process looks once a second, the third every two seconds, and so on.
LOOK_SECONDS: Final = 0.01
REST_SECONDS: Final = 10
#: The first one that has not asked for so long is no reason to rest (seconds); it asks anew every 10 s.
FIRST_SECONDS: Final = 11.0


class _Last(Enum):
    """What came of what was asked last."""

    #: Work of the ledger.
    WORK = auto()
    #: A call, or work that says nothing of how much there is.
    CALL = auto()
    #: Nothing, while it asked for work, and while it rested.
    NOTHING = auto()
    REST = auto()


class Resting:
    """One process. `first`: the entry of the first of its worker; `place`: its own, from 1; `alone`: whether the work
    that it had was the only one; `call`: calls one that rests; `assignee`: whom Redis may assign what comes alone while
    `assignable`, where this is the first."""

    def __init__(
        self,
        first: Entry,
        place: int,
        *,
        alone: Callable[[], bool],
        call: Callable[[], None],
        assignee: Assignee,
        assignable: Callable[[], bool],
    ) -> None:
        self._first = first
        self._assignee, self._assignable = assignee, assignable
        self._place = place
        self._alone = alone
        self._call = call
        self._last = _Last.WORK
        self._rests = False

    def wait(self, usual: float) -> tuple[bool, float]:
        """Whether this process rests now, or asks for work; and for how long (seconds), `usual` for the first one."""
        if self._place == 1:
            self._first.ask()
            # While nobody asks for anything Redis is told nothing.
            if self._last is _Last.WORK and self._assignable():
                self._assignee.waits()
            return False, usual
        may = self._last is _Last.NOTHING or (self._last is _Last.WORK and self._alone())
        self._rests = may and self._first_asks()
        if self._rests:
            return True, min(self._place - 1, REST_SECONDS)
        return False, LOOK_SECONDS if self._last is _Last.REST else ASK_SECONDS

    def begins(self, *, in_ledger: bool) -> None:
        """Work has come."""
        self._last = _Last.WORK if in_ledger else _Last.CALL
        if not in_ledger:
            self._withdraw()
            self._call()

    def begins_later(self) -> None:
        """Work that the ledger does not know begins, and may have come some time ago: Celery keeps what has a time."""
        if self._place == 1 and self._last is not _Last.CALL:
            self.begins(in_ledger=False)

    def is_called(self) -> None:
        """It shall ask for work."""
        self._last = _Last.CALL

    def nothing(self) -> None:
        """Nothing has come."""
        self._last = _Last.REST if self._rests else _Last.NOTHING

    def leaves(self) -> None:
        """This process asks for nothing more."""
        self._withdraw()
        if self._place == 1:
            self._call()

    def is_back(self) -> None:
        """Its connection is another one: what could not be said when the last one broke is said now."""
        self._withdraw()

    def _withdraw(self) -> None:
        if self._place == 1:
            self._assignee.withdraws()

    def _first_asks(self) -> bool:
        first, work = self._first, self._first.work()
        there = first.ready and not first.stop and monotonic() - first.asked < FIRST_SECONDS
        return there and (work is None or work.of_ledger)


def caller(client: redis.Redis) -> Callable[[], None]:
    """Calls one that rests; where Redis does not hear it, they look by themselves."""
    script = register(client, "tasks/worker/lua/call_resting.lua")

    def call() -> None:
        with suppress(redis.exceptions.RedisError):
            script(keys=[RESTING_KEY])

    return call
