"""What the ledger says of the work that was accepted: how much, and how and when it ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import redis

from tasks.contract import Kind, Lane, State
from tasks.redis_keys import GROUP_KEY, PENDING_KEY
from tests.benchmarks.load import Unusable
from tests.servers import eventually

#: Groups that are read in one round trip.
BATCH = 500
#: The states by the letter that stands for them in a record.
LETTERS = {state.value[0]: state.value for state in State if state.final}


@dataclass(frozen=True, kw_only=True)
class GroupRecord:
    """One group of estimates. Times are seconds since the epoch."""

    items: int
    submitted_at: float
    finished_at: float | None
    #: The state of each item that has one: succeeded, failed, ...
    states: Counter[str]


def pending(client: redis.Redis) -> int:
    """How many groups of estimates are accepted and not finished."""
    keys = [PENDING_KEY.format(kind=Kind.ESTIMATE.value, lane=lane.value) for lane in Lane]
    return sum(int(client.zcard(key)) for key in keys)


def drain(client: redis.Redis, *, seconds: float) -> None:
    """Wait until no estimate is unfinished. Raises Unusable after `seconds`."""
    try:
        eventually(lambda: not pending(client), seconds=seconds, what="the end of the queue")
    except AssertionError as error:
        raise Unusable(f"{pending(client)} groups of estimates are not finished after {seconds:g} s") from error


def items_after(client: redis.Redis, moment: float) -> tuple[int, float]:
    """How many unfinished estimates were accepted after a moment (seconds since the epoch), and when the last one."""
    key = PENDING_KEY.format(kind=Kind.ESTIMATE.value, lane=Lane.NORMAL.value)
    found: Any = client.zrange(key, f"({moment!r}", "+inf", byscore=True, withscores=True)
    with client.pipeline(transaction=False) as pipe:
        for group, _ in found:
            pipe.hget(GROUP_KEY.format(group=group.decode()), "items")
        items = sum(int(count) for count in pipe.execute())
    return items, found[-1][1] if found else moment


def groups_since(client: redis.Redis, since: float) -> list[GroupRecord]:
    """The groups of estimates that were accepted at `since` (seconds since the epoch) or later, oldest first.

    Raises Unusable if there are none.
    """
    keys = iter(client.scan_iter(GROUP_KEY.format(group="*"), count=1000))
    found: list[GroupRecord] = []
    while batch := list(islice(keys, BATCH)):
        found += _read(client, batch, since)
    if not found:
        raise Unusable("the ledger has no estimate of this load")
    return sorted(found, key=lambda record: record.submitted_at)


def rate_between(ends: Iterable[tuple[float, int]], first: int, last: int) -> float:
    """Items a second from the `first` to the `last` item; `ends` has a time (s) and a number of items each."""
    count = 0
    window: list[tuple[float, int]] = []
    for moment, items in sorted(ends):
        count += items
        if first <= count and (count <= last or len(window) < 2):
            window.append((moment, count))
    (start, before), (end, after) = window[0], window[-1]
    return (after - before) / max(end - start, 1e-6)


def _read(client: redis.Redis, keys: Sequence[bytes], since: float) -> list[GroupRecord]:
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.hmget(key, "kind", "submitted_at", "finished_at", "items", "states")
        known = [(key, *values) for key, values in zip(keys, pipe.execute(), strict=True)]
    return [
        GroupRecord(
            items=int(items),
            submitted_at=float(submitted),
            finished_at=float(finished) if finished else None,
            states=Counter(LETTERS[letter] for letter in (states or b"").decode()),
        )
        for _, kind, submitted, finished, items, states in known
        if kind == Kind.ESTIMATE.value.encode() and float(submitted) >= since
    ]
