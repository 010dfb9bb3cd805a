"""Locks with a life, in Redis: of all processes one does what must not be done twice at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import redis

from tasks.storage.scripts import register

#: The next one may begin so long after the end of the last: between two looks there has to be time for what was late
#: (milliseconds).
GAP_MILLISECONDS: Final = 1000


class Lock:
    """One that a holder takes by its name, again and again while it needs it."""

    def __init__(self, client: redis.Redis, key: str, *, holder: str, seconds: int) -> None:
        self._key, self._holder, self._seconds = key, holder, seconds
        self._take = register(client, "tasks/upkeep/lua/lock.lua")
        self._free = register(client, "tasks/upkeep/lua/unlock.lua")

    def take(self) -> bool:
        """Whether the holder has it, from now on for `seconds`. Raises RedisError."""
        return bool(self._take(keys=[self._key], args=[self._holder, self._seconds]))

    def free(self, *, after_milliseconds: int) -> None:
        """Leave it to others, if the holder has it. Raises RedisError."""
        self._free(keys=[self._key], args=[self._holder, after_milliseconds])


@contextmanager
def alone(client: redis.Redis, key: str, *, seconds: int) -> Iterator[bool]:
    """True inside if nobody else is inside, or was a moment ago. A holder that died loses the lock after so many
    seconds."""
    lock = Lock(client, key, holder=os.urandom(16).hex(), seconds=seconds)
    mine = lock.take()
    try:
        yield mine
    finally:
        if mine:
            lock.free(after_milliseconds=GAP_MILLISECONDS)
