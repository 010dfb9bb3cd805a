"""What happened in each of the last minutes, for a day.

The counters of work are kept anyway. Once a minute who looks after work notes by how much they have grown, so that a
request costs nothing more for it.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final

import msgspec
import redis

from tasks.contract import PLACES, Kind, State
from tasks.ledger import work_counts
from tasks.ledger.work_counts import counter
from tasks.redis_keys import COUNTED_KEY, COUNTS_KEY, DEPTH_KEY, MINUTES_KEY, PENDING_KEY, WORK_COUNTS_KEY

#: How long a note stands for, and how many are kept: those of a day (seconds).
MINUTE: Final = 60.0
KEPT: Final = 24 * 60
#: The histograms of times that are noted, and their parts.
TIMES: Final = (work_counts.WAIT, work_counts.RUN)
BUCKETS: Final = (*work_counts.TIME_BOUNDS, work_counts.ABOVE)


class Minute(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One note."""

    #: When it was made (seconds since the epoch), and how long after the one before; 0: it is the first.
    at: float
    seconds: float
    #: By how much the counters have grown, by `noted`; those that have not are left out.
    grown: dict[str, int] = {}
    #: Items that were not finished then, and the age of the oldest (seconds), by "kind:lane"; where there were none
    #: nothing is said.
    unfinished: dict[str, int] = {}
    oldest: dict[str, float] = {}
    memory_bytes: int = 0
    #: 0: no limit.
    memory_limit_bytes: int = 0
    #: Of the disk on which the blob store lies; 0 where it lies on none of this machine.
    disk_bytes: int = 0
    disk_free_bytes: int = 0


def noted(kind: Kind, name: str, part: str = "") -> str:
    """What the growth of a counter of all lanes of a kind is called: of SUBMITTED, ROWS, a final state, or a bucket of
    TIMES."""
    return f"{kind.value}:{name}:{part}" if part else f"{kind.value}:{name}"


def note(client: redis.Redis, *, now: float, disk: tuple[int, int] = (0, 0)) -> bool:
    """Make a note if a minute has passed since the last one. Returns whether it did. One at a time may do so.

    `now`: by the clock of Redis (seconds since the epoch). `disk`: its size and what is free of it (bytes).
    """
    before: Any = client.get(COUNTED_KEY)
    counted_at, counted = _read_counted(before) if before else (0.0, {})
    if counted_at <= now < counted_at + MINUTE:
        return False
    with client.pipeline(transaction=False) as pipe:
        pipe.hgetall(COUNTS_KEY)
        pipe.get(WORK_COUNTS_KEY)
        pipe.hgetall(DEPTH_KEY)
        pipe.info("memory")
        for kind, lane in PLACES:
            pipe.zrange(PENDING_KEY.format(kind=kind.value, lane=lane.value), 0, 0, withscores=True)
        counts, work, depths, memory, *oldest = pipe.execute()
    totals = _totals({field.decode(): int(value) for field, value in counts.items()}, work_counts.read(work))
    names = [f"{kind.value}:{lane.value}" for kind, lane in PLACES]
    made = Minute(
        at=now,
        seconds=max(0.0, now - counted_at) if before else 0.0,
        grown={name: total - counted.get(name, 0) for name, total in totals.items() if total > counted.get(name, 0)}
        if before
        else {},
        unfinished={name: items for name in names if (items := int(depths.get(name.encode(), 0))) > 0},
        oldest={name: max(0.0, now - found[0][1]) for name, found in zip(names, oldest, strict=True) if found},
        memory_bytes=int(memory["used_memory"]),
        memory_limit_bytes=int(memory.get("maxmemory", 0)),
        disk_bytes=disk[0],
        disk_free_bytes=disk[1],
    )
    with client.pipeline(transaction=True) as pipe:
        pipe.set(COUNTED_KEY, msgspec.msgpack.encode((now, totals)))
        pipe.lpush(MINUTES_KEY, msgspec.msgpack.encode(made))
        pipe.ltrim(MINUTES_KEY, 0, KEPT - 1)
        pipe.execute()
    return True


def minutes(client: redis.Redis, *, since: float) -> list[Minute]:
    """The notes that were made after that time (seconds since the epoch), the oldest first."""
    found: Any = client.lrange(MINUTES_KEY, 0, KEPT - 1)
    return [one for one in map(_read_minute, reversed(found)) if one.at > since]


def _totals(counts: dict[str, int], work: Counter[str]) -> dict[str, int]:
    """The counters that are noted, over all lanes, without those that are 0."""
    totals = Counter[str]()
    for kind, lane in PLACES:
        place = (kind, lane)
        for name in (work_counts.SUBMITTED, work_counts.ROWS):
            totals[noted(kind, name)] += work[counter(name, place)]
        for state in work_counts.NO_REASON:
            totals[noted(kind, state.value)] += work[counter(work_counts.FINISHED, place, state.value)]
        failed = counter(work_counts.FINISHED, place, State.FAILED.value, "")
        totals[noted(kind, State.FAILED.value)] += sum(n for field, n in counts.items() if field.startswith(failed))
        for name in TIMES:
            for part in BUCKETS:
                totals[noted(kind, name, part)] += work[counter(name, place, part)]
    # Rows of direct calls are counted in all.
    totals[noted(Kind.ESTIMATE, work_counts.ROWS)] += counts.get(work_counts.ROWS, 0)
    return {name: number for name, number in totals.items() if number}


_read_counted = msgspec.msgpack.Decoder(tuple[float, dict[str, int]]).decode
_read_minute = msgspec.msgpack.Decoder(Minute).decode
