"""Counts what happens at the gateway's door without asking Redis each time."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from typing import Final

import redis

from tasks.ledger.counts import add
from tasks.threads import in_thread

log = logging.getLogger(__name__)

#: How often it is written down (seconds). A process that is killed loses what it counted since.
WRITE_SECONDS: Final = 1.0


class Tally:
    """Counts of this process that are on their way to Redis. Used on the event loop alone."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._counts: Counter[str] = Counter()

    @property
    def waiting(self) -> dict[str, int]:
        """What is not written yet."""
        return dict(self._counts)

    def count(self, field: str, times: int = 1) -> None:
        """So many times more. `field` is one of `tasks.ledger.counts`."""
        self._counts[field] += times

    async def follow(self) -> None:
        """Write it down again and again, until cancelled. While Redis is away it is kept."""
        while True:
            await asyncio.sleep(WRITE_SECONDS)
            if self._counts:
                await in_thread(self.write)

    def write(self) -> None:
        """Add what has been counted to the counters in Redis."""
        if not self._counts:
            return
        counts, self._counts = self._counts, Counter()
        try:
            add(self._redis, counts)
        except redis.exceptions.RedisError as error:
            self._counts.update(counts)
            log.warning("the counts cannot be written: %s", error)
