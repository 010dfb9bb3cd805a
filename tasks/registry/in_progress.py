"""Which models and versions the work is about that is accepted and not finished."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import redis

from tasks.contract import PLACES
from tasks.ledger.groups import read_heads
from tasks.redis_keys import GROUP_KEY, PENDING_KEY

#: How many groups are looked at together.
PAGE: Final = 1000


def in_use(client: redis.Redis, *, page: int = PAGE) -> set[tuple[str, int | None]]:
    """(model, version) of all unfinished work; None where it names no version by its number and has made none."""
    pending = [PENDING_KEY.format(kind=kind.value, lane=lane.value) for kind, lane in PLACES]
    return {named for key in pending for named in _named(client, key, page=page)}


def _named(client: redis.Redis, pending: str, *, page: int) -> Iterator[tuple[str, int | None]]:
    # By time and not by place: what is finished meanwhile must not make others slip through between two pages.
    start = "-inf"
    while True:
        found: Any = client.zrange(pending, start, "+inf", byscore=True, offset=0, num=page, withscores=True)
        with client.pipeline(transaction=False) as pipe:
            for group, _ in found:
                pipe.hmget(GROUP_KEY.format(group=group.decode()), ["heads", "version"])
            for heads, made in pipe.execute():
                for head in read_heads(heads) if heads else ():
                    version = made or head.query.get("version", "").encode()
                    yield head.model, int(version) if version.isdigit() else None
        if len(found) < page:
            return
        start = repr(found[-1][1])
