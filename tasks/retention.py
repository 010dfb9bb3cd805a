"""Removes what is past its retention: results outside the record, and what lists name that is gone.

Records and idempotency keys expire in Redis by themselves. What is current or in progress never does.
"""

from __future__ import annotations

from typing import Any, Final

import redis

from tasks.blobs import open_blobs
from tasks.contract import DEAD_KEY, GROUP_KEY, OWNER_KEY
from tasks.settings import Settings

#: Files of results live so much longer than their record, because they are written before it begins to age (seconds).
MARGIN_SECONDS: Final = 3600
#: How many groups are looked at together.
PAGE: Final = 1000


def sweep(client: redis.Redis, settings: Settings, *, now: float) -> None:
    """Remove everything that is past its retention at this time (seconds since the epoch)."""
    blobs = open_blobs(settings.blobs_url, client)
    blobs.sweep(older_than_seconds=settings.result_life_seconds + MARGIN_SECONDS)
    for key in client.scan_iter(OWNER_KEY.format(owner="*"), count=1000):
        forget_gone(client, key.decode(), before=now - settings.result_life_seconds)
    forget_gone(client, DEAD_KEY, before=now - settings.dead_life_seconds)


def forget_gone(client: redis.Redis, key: str, *, before: float) -> int:
    """Remove the groups from a list by time that are older than that and have no record. Returns how many."""
    removed = start = 0
    while True:
        page: Any = client.zrange(key, "-inf", before, byscore=True, offset=start, num=PAGE)
        if not page:
            return removed
        with client.pipeline(transaction=False) as pipe:
            for group in page:
                pipe.exists(GROUP_KEY.format(group=group.decode()))
            gone = [group for group, there in zip(page, pipe.execute(), strict=True) if not there]
        if gone:
            client.zrem(key, *gone)
        removed += len(gone)
        start += len(page) - len(gone)
