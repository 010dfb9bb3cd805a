"""How long ago work that nobody finishes was last looked for.

Whoever looks writes when, by the clock of Redis, which may be set: what counts is for how long that has not changed, by
the clock of this process that nobody sets.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import redis

from tasks.redis_keys import LOOKED_KEY


class UpkeepAge:
    """What one process has seen of the upkeep since it started, while Redis answered."""

    def __init__(self, client: redis.Redis, *, ticks: Callable[[], float] = time.monotonic) -> None:
        self._redis = client
        self._ticks = ticks
        self._seen: object = None
        self._changed_at: float | None = None

    @property
    def seconds(self) -> float:
        """How long ago somebody looked, at the least; 0 while Redis does not answer, and nobody can look."""
        return 0.0 if self._changed_at is None else self._ticks() - self._changed_at

    def see(self) -> None:
        """See whether somebody has looked; to be called every few seconds."""
        try:
            looked = self._redis.get(LOOKED_KEY)
        except redis.exceptions.RedisError:
            # Others say so. When it answers again, those who look get the whole time once more.
            self._changed_at = None
            return
        if self._changed_at is None or looked != self._seen:
            self._seen, self._changed_at = looked, self._ticks()
