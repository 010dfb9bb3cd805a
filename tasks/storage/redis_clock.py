"""The clock of Redis, by which all work is timed: the clocks of machines differ."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import redis

#: How often it is read again (seconds): so long one that was set is not known.
LOOK_SECONDS: Final = 2.0


def redis_time(client: redis.Redis) -> float:
    """The time of Redis now (seconds since the epoch), which may be set at any time. Raises RedisError."""
    seconds, microseconds = client.time()
    return float(seconds) + float(microseconds) / 1e6


class RedisClock:
    """The time of Redis for who must not wait for it: as it was read last, and from there by the monotonic clock."""

    def __init__(self, client: redis.Redis, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._ticks = ticks
        # Until it is read, that of this machine.
        self._ahead = time.time() - ticks()

    def __call__(self) -> float:
        """Seconds since the epoch."""
        return self._ticks() + self._ahead

    def look(self) -> None:
        """Read it; to be called every LOOK_SECONDS. Raises RedisError."""
        self._ahead = redis_time(self._redis) - self._ticks()
