"""What `/metrics` shows, read from Redis: what is there now, and what has been counted."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import msgspec
import redis

from gateway.metrics.model_measures import ModelGauge, ModelMeasure
from tasks.contract import FLEETS, PLACES, QUEUES, Kind, Lane, Place
from tasks.ledger import work_counts
from tasks.ledger.backpressure import KEEPS_ALL
from tasks.ledger.fleet import members
from tasks.redis_keys import (
    COUNTS_KEY,
    DEAD_KEY,
    DEPTH_KEY,
    GROUP_KEY,
    LEASES_KEY,
    LOOKED_KEY,
    MODELS_KEY,
    PENDING_KEY,
    TOLD_KEY,
    WORK_COUNTS_KEY,
    queue_key,
)
from tasks.storage.redis_clock import redis_time

#: So long a reading is good for whoever asks again (seconds).
FRESH_SECONDS: Final = 1.0
#: Most leases that are looked at; there are more only where a great many groups wait to be tried again.
LEASES_READ: Final = 1000

_QUEUES: Final = tuple((queue, lane) for queue in QUEUES for lane in Lane)


class Measures(msgspec.Struct, frozen=True, kw_only=True):
    """One reading."""

    #: The counters of `tasks.ledger.counts` and `tasks.ledger.work_counts`.
    counts: dict[str, int]
    #: Messages that wait.
    messages: dict[tuple[str, Lane], int]
    #: How long the next message has waited, and the oldest unfinished work has been there (seconds); 0 for none.
    waiting_seconds: dict[Place, float]
    oldest_seconds: dict[Place, float]
    #: Items that are not finished.
    unfinished: dict[Place, int]
    #: Groups that a worker has now; those that wait to be tried again; those of both whose time is over.
    leases: dict[Place, int]
    retrying: int
    leases_run_out: int
    #: Groups kept because an item of theirs was given up.
    dead: int
    #: When somebody last looked for work that nobody will finish (seconds since the epoch); 0: never.
    reconciled_at: float
    #: How long ago that was, as this process has seen it (seconds).
    upkeep_seconds: float = 0.0
    #: Processes of each member, by fleet; the gateway is one.
    fleets: dict[str, dict[str, int]]
    #: What happened that webhooks are yet to be told.
    told: int = 0
    #: How many models there are, and those that are shown.
    models: int
    shown: dict[str, ModelMeasure]
    memory_bytes: int
    #: 0: no limit.
    memory_limit_bytes: int
    #: Whether Redis may throw away keys to have memory for others, and how many it has since it started.
    evicts: bool
    evicted_keys: int


class _Headers(msgspec.Struct):
    id: str = ""


class _Message(msgspec.Struct):
    headers: _Headers


_read_message = msgspec.json.Decoder(_Message).decode


class Gauge:
    """Reads Redis at most once in FRESH_SECONDS, however many ask."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        upkeep_age: Callable[[], float] = lambda: 0.0,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self._redis = client
        self._upkeep_age = upkeep_age
        self._models = ModelGauge(client)
        self._clock = clock or partial(redis_time, client)
        self._reading = threading.Lock()
        self._read_at = float("-inf")
        self._last: Measures | None = None

    def read(self) -> Measures:
        """What Redis holds, of now or of a moment ago. Blocks. Raises redis.RedisError."""
        with self._reading:
            now = self._clock()
            if self._last is None or not 0 <= now - self._read_at < FRESH_SECONDS:
                read = measure(self._redis, self._models, now=now)
                self._last, self._read_at = msgspec.structs.replace(read, upkeep_seconds=self._upkeep_age()), now
            return self._last


def measure(client: redis.Redis, models: ModelGauge, *, now: float) -> Measures:
    """A new reading. Raises redis.RedisError."""
    with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(COUNTS_KEY)
        pipe.get(WORK_COUNTS_KEY)
        pipe.hgetall(DEPTH_KEY)
        pipe.zcard(LEASES_KEY)
        pipe.zrange(LEASES_KEY, 0, LEASES_READ - 1)
        pipe.zcount(LEASES_KEY, "-inf", now)
        pipe.zcard(DEAD_KEY)
        pipe.get(LOOKED_KEY)
        pipe.info("memory")
        pipe.info("stats")
        pipe.smembers(MODELS_KEY)
        pipe.xlen(TOLD_KEY)
        for queue, lane in _QUEUES:
            pipe.llen(queue_key(queue, lane))
        for kind, lane in PLACES:
            pipe.lindex(queue_key(kind.value, lane), -1)
        for kind, lane in PLACES:
            pipe.zrange(_pending(kind, lane), 0, 0, withscores=True)
        counts, work, depths, leases, leased, run_out, dead, looked, memory, stats, names, told, *rest = pipe.execute()
    lengths, heads, oldest = _split(rest, len(_QUEUES), len(PLACES))
    accepted, held = _looked_up(client, heads, leased)
    return Measures(
        counts=Counter({field.decode(): int(value) for field, value in counts.items()}) + work_counts.read(work),
        messages=dict(zip(_QUEUES, lengths, strict=True)),
        waiting_seconds={place: _age(now, at) for place, at in accepted.items()},
        oldest_seconds={
            place: _age(now, found[0][1] if found else None) for place, found in zip(PLACES, oldest, strict=True)
        },
        unfinished={(kind, lane): int(depths.get(f"{kind.value}:{lane.value}".encode(), 0)) for kind, lane in PLACES},
        leases=held,
        retrying=leases - sum(held.values()),
        leases_run_out=run_out,
        dead=dead,
        reconciled_at=float(looked or 0),
        fleets={fleet: members(client, fleet) for fleet in ("gateway", *FLEETS)},
        told=told,
        models=len(names),
        shown=models.read([name.decode() for name in names]),
        memory_bytes=int(memory["used_memory"]),
        memory_limit_bytes=int(memory.get("maxmemory", 0)),
        evicts=memory.get("maxmemory_policy", KEEPS_ALL) != KEEPS_ALL,
        evicted_keys=int(stats.get("evicted_keys", 0)),
    )


def _looked_up(
    client: redis.Redis, heads: list[bytes | None], leased: list[bytes]
) -> tuple[dict[Place, float | None], dict[Place, int]]:
    """When the work of the next message of each place was accepted, None for none and for that of a direct call; and
    how many of the leased groups a worker has in each place."""
    with client.pipeline(transaction=False) as pipe:
        for (kind, lane), head in zip(PLACES, heads, strict=True):
            pipe.zscore(_pending(kind, lane), _group_of(head))
        for group in leased:
            pipe.hmget(GROUP_KEY.format(group=group.decode()), "kind", "lane", "holder")
        accepted, groups = _split(pipe.execute(), len(PLACES))
    # What waits to be tried again is held by nobody.
    held = Counter((Kind(kind.decode()), Lane(lane.decode())) for kind, lane, holder in groups if holder is not None)
    return dict(zip(PLACES, accepted, strict=True)), {place: held[place] for place in PLACES}


def _group_of(message: bytes | None) -> str:
    """The group that a message carries; a name that none has for a message of anybody else, or none."""
    try:
        return _read_message(message or b"").headers.id
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ""


def _pending(kind: Kind, lane: Lane) -> str:
    return PENDING_KEY.format(kind=kind.value, lane=lane.value)


def _age(now: float, since: float | None) -> float:
    return 0.0 if since is None else max(0.0, now - since)


def _split(values: list[Any], *lengths: int) -> list[list[Any]]:
    """The values in pieces of these lengths, and the rest."""
    pieces = []
    for length in lengths:
        pieces.append(values[:length])
        values = values[length:]
    return [*pieces, values]
