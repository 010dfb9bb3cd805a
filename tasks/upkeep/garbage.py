"""Removes large bytes that nothing refers to any more.

Blobs by mark and sweep over the registry: work first puts a blob and then refers to it, so a young one is left alone,
and putting makes a blob young. What is kept for a group goes when its record has gone, or no longer names it.
"""

from __future__ import annotations

from typing import Final

import redis

from tasks.redis_keys import GROUP_KEY
from tasks.registry.glances import referenced
from tasks.storage.blobs import Blobs, Kept
from tasks.storage.stores import drop_kept
from tasks.upkeep.budget import Budget

#: How many records are asked for together.
PAGE: Final = 1000


def remove_unreferenced(client: redis.Redis, blobs: Blobs, *, kept: set[str], before: float, budget: Budget) -> int:
    """Remove the blobs that no model refers to, and that are not `kept`, which were put before that time.
    Returns how many."""
    old = blobs.put_before(before)
    if not old:
        return 0
    marked = referenced(client) | kept
    unmarked = (digest for digest in old if digest not in marked)
    return sum(blobs.discard(digest, before=before) for digest in budget.within(unmarked))


def remove_left_behind(client: redis.Redis, blobs: Blobs, *, before: float, budget: Budget) -> int:
    """Remove the bodies and results that were kept before that time for groups that are over. Returns how many.

    A body whose name does not say for which group it is stays.
    """
    removed = 0
    known = [kept for kept in blobs.kept_before(before) if kept.group or not kept.is_body]
    for page in budget.within(known[start : start + PAGE] for start in range(0, len(known), PAGE)):
        with client.pipeline(transaction=False) as pipe:
            for kept in page:
                _ask(pipe, kept)
            gone = [kept for kept, needed in zip(page, pipe.execute(), strict=True) if not needed]
        for kept in budget.within(gone):
            drop_kept(kept.reference, client)
            removed += 1
    return removed


def _ask(pipe: redis.client.Pipeline, kept: Kept) -> None:
    """Ask whether it is still needed: a body while the record has bodies, a result while there is a record."""
    key = GROUP_KEY.format(group=kept.group)
    if kept.is_body:
        pipe.hexists(key, "bodies")
    else:
        pipe.exists(key)
