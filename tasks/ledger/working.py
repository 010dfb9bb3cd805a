"""What workers have now."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import redis

from tasks.contract import Kind, Lane
from tasks.redis_keys import GROUP_KEY, LEASES_KEY

_FIELDS: Final = ("kind", "lane", "models", "items", "started_at", "holder")


class Work(NamedTuple):
    """A group that a worker has."""

    group: str
    kind: Kind
    lane: Lane
    models: list[str]
    items: int
    #: When it was claimed for the first time (seconds since the epoch).
    started_at: float
    #: What the worker is called in the ledger: the end of the name of a member of its fleet.
    holder: str


def working(client: redis.Redis, *, most: int) -> list[Work]:
    """The groups that workers have, at most so many, that first which was begun first."""
    leased: Any = client.zrange(LEASES_KEY, 0, most - 1)
    with client.pipeline(transaction=False) as pipe:
        for group in leased:
            pipe.hmget(GROUP_KEY.format(group=group.decode()), _FIELDS)
        records = pipe.execute()
    # What waits to be tried again is held by nobody.
    found = [
        Work(
            group.decode(),
            Kind(kind.decode()),
            Lane(lane.decode()),
            sorted(models.decode().split()),
            int(items),
            float(started_at),
            holder.decode(),
        )
        for group, (kind, lane, models, items, started_at, holder) in zip(leased, records, strict=True)
        if holder is not None and models is not None
    ]
    return sorted(found, key=lambda work: work.started_at)
