"""Looks through all lists of tasks, once in a while: takes in what an earlier release listed otherwise, and takes out
what has gone without being taken out."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import Any, Final

import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, State
from tasks.ledger.groups import Head, read_heads
from tasks.ledger.task_index import LISTED, accepted_keys, list_key
from tasks.redis_keys import GROUP_KEY, LEFT_KEY, LISTED_KEY, OWNER_KEY, TASKS_KEY, UNFINISHED_KEY, USERS_KEY
from tasks.storage.scripts import register
from tasks.upkeep.budget import Budget

log = logging.getLogger(__name__)

#: How many groups are looked at together, and how many keys of Redis.
PAGE: Final = 1000
KEYS: Final = 10_000
#: How often all lists are looked through (seconds): some leave a few behind, as where dead letters have had their time.
EVERY_SECONDS: Final = 24 * 3600
#: The fields of a record that say in which lists it is.
_FIELDS: Final = ("kind", "heads", "states", "last_cancel", "submitted_at")
_LETTERS: Final = {ord(state.value[0]): state for state in LISTED}


def look_through(client: redis.Redis, settings: Settings, *, now: float, budget: Budget) -> None:
    """Look through all lists, and note that it was done, unless the time is up before; then it begins anew another
    time. `now`: seconds since the epoch."""
    client.delete(LEFT_KEY)
    for key in client.scan_iter(OWNER_KEY.format(owner="*"), count=KEYS):
        take_in(client, key.decode(), budget=budget)
    with_work: Any = client.hkeys(UNFINISHED_KEY)
    accounts: Any = client.smembers(USERS_KEY)
    idle: set[bytes] = {*with_work} - {*accounts}
    for key in client.scan_iter(f"{TASKS_KEY.partition('{')[0]}*", count=KEYS):
        forget_gone(client, key.decode(), before=now - settings.result_life_seconds, budget=budget)
        idle.discard(owner_of(key))
    if not budget.spent:
        forget_owners(client, idle)
        client.set(LISTED_KEY, 1, ex=EVERY_SECONDS)


def owner_of(key: bytes) -> bytes:
    """Whose list this is; names may have colons themselves."""
    return key.split(b":", TASKS_KEY.count(":"))[-1]


def forget_owners(client: redis.Redis, owners: Collection[bytes]) -> None:
    """Forget those of these owners who have nothing unfinished: there is no account of theirs, and no list of work."""
    if owners:
        register(client, "tasks/upkeep/lua/forget_idle.lua")(keys=[UNFINISHED_KEY], args=[*owners])


def take_in(client: redis.Redis, key: str, *, budget: Budget) -> int:
    """Put the groups of a list of an earlier release into those of today. Returns how many."""
    taken = 0
    while not budget.spent:
        page: Any = client.zrange(key, 0, PAGE - 1)
        if not page:
            break
        with client.pipeline(transaction=False) as pipe:
            for group in page:
                pipe.hmget(GROUP_KEY.format(group=group.decode()), _FIELDS)
            records = pipe.execute()
        with client.pipeline(transaction=True) as pipe:
            for group, record in zip(page, records, strict=True):
                for listed in _lists(record):
                    pipe.zadd(listed, {bytes.fromhex(group.decode()): float(record[-1])})
            pipe.zrem(key, *page)
            pipe.execute()
        taken += len(page)
    if taken:
        log.info("%d groups of work of an earlier release can be found by kind, model and state now", taken)
    return taken


def forget_gone(client: redis.Redis, key: str, *, before: float, budget: Budget, as_text: bool = False) -> int:
    """Remove the groups from a list by time that are older than that and have no record. Returns how many.
    `as_text`: their ids lie there as texts."""
    removed = start = 0
    while not budget.spent:
        page: Any = client.zrange(key, "-inf", before, byscore=True, offset=start, num=PAGE)
        if not page:
            break
        with client.pipeline(transaction=False) as pipe:
            for group in page:
                pipe.exists(GROUP_KEY.format(group=group.decode() if as_text else group.hex()))
            gone = [group for group, there in zip(page, pipe.execute(), strict=True) if not there]
        if gone:
            client.zrem(key, *gone)
        removed += len(gone)
        start += len(page) - len(gone)
    return removed


def _lists(record: list[bytes | None]) -> list[str]:
    """The lists in which a group of an earlier release is to be found; none if its record has gone."""
    kind_value, packed, states, cancelled, _ = record
    if kind_value is None or packed is None:
        return []
    kind, heads = Kind(kind_value.decode()), read_heads(packed)
    letters = states or b""
    ended = [(head, _LETTERS[letter]) for head, letter in zip(heads, letters, strict=False) if letter in _LETTERS]
    if cancelled and not letters:
        ended += [(head, State.CANCELLED) for head in heads]
    return accepted_keys(kind, heads) + [key for head, state in ended for key in _ended(kind, head, state)]


def _ended(kind: Kind, head: Head, state: State) -> tuple[str, str]:
    return list_key(kind, head.owner, state=state), list_key(kind, head.owner, model=head.model, state=state)
