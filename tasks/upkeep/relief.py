"""Memory of Redis: what is finished gives way to what is asked for.

Finished work is kept for a while, but work that is accepted comes first: before Redis is so full that nothing would be
accepted any more, the results that are oldest go. Unfinished work and dead letters stay.
"""

from __future__ import annotations

import logging
from typing import Any, Final

import redis

from tasks.config.settings import Settings
from tasks.ledger.backpressure import RELIEF_PART
from tasks.ledger.counts import DROPPED, add
from tasks.ledger.outcomes import read_reply
from tasks.redis_keys import FINISHED_KEY, GROUP_KEY, LEFT_KEY, TASKS_KEY
from tasks.storage.redis_blobs import IN_REDIS
from tasks.storage.scripts import register
from tasks.storage.stores import drop_kept
from tasks.upkeep.budget import Budget

log = logging.getLogger(__name__)

#: Results go from RELIEF_PART on, until no more than this part is used.
END: Final = 0.85
#: How many groups are dropped, or looked at, in one step.
STEP: Final = 50
#: So long before its life is over a record is dropped (seconds, and part of its life at most). One that Redis lets go
#: by itself stays in lists.
EARLY_SECONDS: Final = 10.0
EARLY_PART: Final = 0.1


def relieve(client: redis.Redis, settings: Settings, *, budget: Budget) -> int:
    """Drop the results that have been finished for longest while Redis is nearly full. Returns how many items."""
    bound = settings.max_memory_part * _most(client)
    if not bound or _used(client) <= RELIEF_PART * bound:
        return 0
    items = 0
    while not budget.spent and _used(client) > END * bound:
        looked_at, dropped = _drop(client)
        items += dropped
        if not looked_at:
            log.warning("Redis is nearly full, and there is no finished work left that could give way")
            break
    if items:
        add(client, {DROPPED: items})
        log.warning("Redis is nearly full: the %d results that were finished first are no longer kept", items)
    return items


def drop_expiring(client: redis.Redis, settings: Settings, *, budget: Budget) -> int:
    """Drop the records whose life is over in a moment, with their places in lists. Returns how many groups were looked
    at, with those that have gone by themselves."""
    early = min(EARLY_SECONDS, EARLY_PART * settings.result_life_seconds)
    looked_at, step = 0, STEP
    while not budget.spent and step == STEP:
        step, _ = _drop(client, due_milliseconds=int(1000 * early))
        looked_at += step
    return looked_at


def _drop(client: redis.Redis, *, due_milliseconds: int | str = "") -> tuple[int, int]:
    """(how many groups were looked at, how many items were dropped) in one step; only records that have no longer to
    live, if that is said."""
    script = register(client, "tasks/upkeep/lua/drop_finished.lua")
    args: list[Any] = [STEP, GROUP_KEY.format(group=""), TASKS_KEY.partition("{")[0], IN_REDIS, due_milliseconds]
    looked_at, items, referring = script(keys=[FINISHED_KEY, LEFT_KEY], args=args)
    for outcomes in referring:
        for outcome in read_reply(outcomes).outcomes:
            if outcome.reference.startswith(IN_REDIS):
                drop_kept(outcome.reference, client)
    return int(looked_at), int(items)


def _most(client: redis.Redis) -> int:
    memory: Any = client.info("memory")
    return int(memory.get("maxmemory", 0))


def _used(client: redis.Redis) -> int:
    memory: Any = client.info("memory")
    return int(memory.get("used_memory", 0))
