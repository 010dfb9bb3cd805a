"""Removes what is past its retention: versions, large bytes, and what lists name that is gone.

Records and idempotency keys expire in Redis by themselves. What is current or in progress never does.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import redis

from tasks.blobs import open_blobs
from tasks.contract import DEAD_KEY, GROUP_KEY, OWNER_KEY
from tasks.garbage import remove_left_behind, remove_unreferenced
from tasks.registry import Registry
from tasks.settings import Settings
from tasks.versions import remove_old

log = logging.getLogger(__name__)

#: What is kept for a group is left alone so long, because it is written before the record says so (seconds).
MARGIN_SECONDS: Final = 3600
#: How many groups are looked at together.
PAGE: Final = 1000


def sweep(client: redis.Redis, settings: Settings, *, now: float) -> None:
    """Remove everything that is past its retention at this time (seconds since the epoch)."""
    blobs, registry = open_blobs(settings.blobs_url, client), Registry(client)
    removed = {
        "versions": remove_old(client, registry, settings, now=now),
        "blobs": remove_unreferenced(blobs, registry, before=now - settings.grace_seconds),
        "bodies and results": remove_left_behind(client, blobs, before=now - MARGIN_SECONDS),
    }
    if any(removed.values()):
        log.info("removed: %s", ", ".join(f"{count} {what}" for what, count in removed.items()))
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
