"""Refuses work before it is accepted while there is too much of it already, or too little memory or disk to keep it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import redis

from tasks.config.settings import Settings
from tasks.contract import PLACES, Kind, Lane, Place
from tasks.errors import Unavailable
from tasks.ledger.acceptance import depth_field
from tasks.ledger.counts import Refusal, refusal
from tasks.redis_keys import DEPTH_KEY, DISK_KEY, LEASES_KEY, PENDING_KEY
from tasks.threads import in_thread

log = logging.getLogger(__name__)

#: The one policy of Redis under which it keeps all that it was given.
KEEPS_ALL: Final = "noeviction"
#: How often it is measured (seconds). What comes in between goes a little over the bounds.
MEASURE_SECONDS: Final = 0.5
#: Results go before their time when this part is used of the memory at which nothing is accepted; that it will come to
#: that is said from this part on.
RELIEF_PART: Final = 0.9
WARNING_PART: Final = 0.8
#: The same while nobody submits and nothing stands against it.
QUIET_SECONDS: Final = 2.0
#: So many of the oldest groups of a lane are looked at for one that waits; workers have fewer at a time.
OLDEST: Final = 200


class Objection(NamedTuple):
    """Why work is not accepted: for the counters, and in words."""

    reason: Refusal
    words: str


class Backpressure:
    """What stands against accepting work, by kind and lane, as it was measured last."""

    def __init__(
        self,
        client: redis.Redis,
        settings: Settings,
        *,
        count: Callable[[str], None] = lambda _field: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._redis = client
        self._count = count
        self._most_items = settings.max_queued_items
        self._most_age = settings.max_queue_age_seconds
        self._memory_part = settings.max_memory_part
        self._clock = clock
        self._against: dict[Place, Objection] = {}
        #: What is not far from being wrong, as it was measured last.
        self.warning: str | None = None
        self._measured_at = float("-inf")
        self._asked = asyncio.Event()

    @property
    def unsafe(self) -> str | None:
        """Why what is accepted would not be safe, as it was measured last."""
        against = next(iter(self._against.values()), None)
        return against.words if against is not None and against.reason is Refusal.EVICTION else None

    def check(self, kind: Kind, lane: Lane) -> None:
        """Raise Unavailable if work of this kind is not accepted in this lane at the moment."""
        self._asked.set()
        if self._against and (objection := self._against.get((kind, lane))):
            self._count(refusal(kind, lane, objection.reason))
            raise Unavailable(objection.words)

    async def follow(self) -> None:
        """Measure again and again, until cancelled. While Redis is away nothing changes: accepting fails by itself."""
        while True:
            try:
                self._against = await in_thread(self.measure)
            except redis.exceptions.RedisError as error:
                log.warning("the queues cannot be measured: %s", error)
            self._asked.clear()
            await asyncio.sleep(MEASURE_SECONDS)
            if not self._against:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._asked.wait(), QUIET_SECONDS - MEASURE_SECONDS)

    def look(self) -> None:
        """Measure, unless that was done a moment ago: for who has nobody that follows. Raises RedisError."""
        if self._clock() - self._measured_at < MEASURE_SECONDS:
            return
        try:
            self._against = self.measure()
        except redis.exceptions.ResponseError as error:
            # Who may not ask for the memory may yet submit.
            log.warning("the queues cannot be measured: %s", error)
        self._measured_at = self._clock()

    def measure(self) -> dict[Place, Objection]:
        """What stands against accepting work now."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.info("memory")
            pipe.hgetall(DEPTH_KEY)
            pipe.get(DISK_KEY)
            memory, depths, disk = pipe.execute()
        self.warning = self._warning(memory)
        if evicts := self._evicts(memory):
            return dict.fromkeys(PLACES, evicts)
        if disk:
            return dict.fromkeys(PLACES, Objection(Refusal.DISK, disk.decode()))
        if full := self._full(memory):
            return dict.fromkeys(PLACES, full)
        found = {}
        ages = self._ages() if self._most_age else [0.0] * len(PLACES)
        for (kind, lane), age in zip(PLACES, ages, strict=True):
            items = int(depths.get(depth_field(kind, lane).encode(), 0))
            if objection := self._too_much(items, age, lane):
                found[kind, lane] = objection
        return found

    def _ages(self) -> list[float]:
        """How long the first in each place waits that no worker has (seconds); 0 where none does."""
        with self._redis.pipeline(transaction=False) as pipe:
            for kind, lane in PLACES:
                pipe.zrange(PENDING_KEY.format(kind=kind.value, lane=lane.value), 0, OLDEST - 1, withscores=True)
            oldest = pipe.execute()
            for groups in oldest:
                # Redis wants at least one, and none is called so.
                pipe.zmscore(LEASES_KEY, [group for group, _ in groups] or [""])
            pipe.time()
            *leases, (seconds, microseconds) = pipe.execute()
        now = seconds + microseconds / 1e6
        return [_wait(groups, until, now=now) for groups, until in zip(oldest, leases, strict=True)]

    def _evicts(self, memory: dict[str, Any]) -> Objection | None:
        policy = str(memory.get("maxmemory_policy", KEEPS_ALL))
        if policy == KEEPS_ALL:
            return None
        words = (
            f"Redis may evict accounts and accepted work (its maxmemory-policy is {policy}), and nothing new is"
            f" accepted until it is {KEEPS_ALL}"
        )
        return Objection(Refusal.EVICTION, words)

    def _full(self, memory: dict[str, Any]) -> Objection | None:
        most, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
        if most and used > self._memory_part * most:
            words = "Redis has no memory left for more work, and nothing new is accepted; try again in a moment"
            return Objection(Refusal.MEMORY, words)
        return None

    def _warning(self, memory: dict[str, Any]) -> str | None:
        most, used = int(memory.get("maxmemory", 0)), int(memory.get("used_memory", 0))
        if not most or used <= WARNING_PART * self._memory_part * most:
            return None
        begins = RELIEF_PART * self._memory_part
        return (
            f"Redis uses {used / most:.0%} of its memory: beyond {begins:.0%} the results that were finished first are"
            f" kept no longer, and where that is not enough, nothing new is accepted beyond {self._memory_part:.0%}"
        )

    def _too_much(self, items: int, age: float, lane: Lane) -> Objection | None:
        if self._most_items and items >= self._most_items:
            words = f"{items} items wait in the lane {lane.value}, and no more are accepted; try again in a moment"
            return Objection(Refusal.DEPTH, words)
        if self._most_age and age > self._most_age:
            words = f"the lane {lane.value} is {age:.0f} s behind, and nothing new is accepted; try again in a moment"
            return Objection(Refusal.AGE, words)
        return None


def _wait(groups: Sequence[tuple[bytes, float]], leases: Sequence[float | None], *, now: float) -> float:
    """How long the first of these groups waits whose lease is over, or that has none."""
    since = (at for (_, at), lease in zip(groups, leases, strict=False) if lease is None or lease <= now)
    return now - next(since, now)
