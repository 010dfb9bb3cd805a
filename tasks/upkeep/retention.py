"""Removes what is past its retention: versions, large bytes, and what lists name that is gone.

Records and idempotency keys expire in Redis by themselves. What is current or in progress never does.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Final

import redis

from tasks.config.settings import Settings
from tasks.ledger.uploads import Uploads
from tasks.redis_keys import DEAD_KEY, LEFT_KEY, MARK_FIELD, SERVICE_KEY
from tasks.registry.models_registry import Registry
from tasks.storage.stores import blobs_of
from tasks.upkeep.budget import Budget
from tasks.upkeep.garbage import remove_left_behind, remove_unreferenced
from tasks.upkeep.old_versions import remove_old
from tasks.upkeep.task_lists import forget_gone, look_through

log = logging.getLogger(__name__)

#: What is kept for a group is left alone so long, because it is written before the record says so (seconds).
MARGIN_SECONDS: Final = 3600
#: Of how many parts a sweep is.
PARTS: Final = 4


def sweep(client: redis.Redis, settings: Settings, *, now: float, part_seconds: float) -> None:
    """Remove everything that is past its retention at this time (seconds since the epoch).

    Each part ends when its time is up; what is left goes at the next sweep.
    """
    blobs, registry = blobs_of(settings, client), Registry(client)
    budget = partial(Budget, part_seconds)
    kept = {_mark(client)} | Uploads(client, blobs).digests()
    removed = {
        "versions": remove_old(client, registry, settings, now=now, budget=budget()),
        "blobs": remove_unreferenced(client, blobs, kept=kept, before=now - settings.grace_seconds, budget=budget()),
        "bodies and results": remove_left_behind(client, blobs, before=now - MARGIN_SECONDS, budget=budget()),
    }
    if any(removed.values()):
        log.info("removed: %s", ", ".join(f"{count} {what}" for what, count in removed.items()))
    left = budget()
    forget_gone(client, DEAD_KEY, before=now - settings.dead_life_seconds, budget=left, as_text=True)
    if client.exists(LEFT_KEY):
        look_through(client, settings, now=now, budget=left)


def _mark(client: redis.Redis) -> str:
    """The digest of what a service puts into its blob store to know it again; empty if none did."""
    value: Any = client.hget(SERVICE_KEY, MARK_FIELD)
    return value.decode() if value else ""
