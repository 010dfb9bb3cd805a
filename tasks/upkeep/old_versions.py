"""Which versions of a model are past their retention: too many or too old, not current, and not in use."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane
from tasks.ledger.groups import read_heads
from tasks.redis_keys import GROUP_KEY, PENDING_KEY
from tasks.registry.models_registry import Model, Registry
from tasks.upkeep.budget import Budget

#: How many groups are looked at together.
PAGE: Final = 1000


def remove_old(client: redis.Redis, registry: Registry, settings: Settings, *, now: float, budget: Budget) -> int:
    """Remove the versions that are past their retention at this time. Returns how many.

    One that was made or was current in the last `grace_seconds` stays: work that has begun may use it.
    """
    before = now - settings.grace_seconds
    models = (registry.model(name) for name in registry.names())
    old = {(model.name, number) for model in models for number in _past(model, settings, now=now)}
    if old:
        old -= in_use(client)
    return sum(registry.remove_version(model, number, before=before) for model, number in budget.within(sorted(old)))


def in_use(client: redis.Redis, *, page: int = PAGE) -> set[tuple[str, int]]:
    """(model, version) of all versions that work in progress names, or has made and not yet told."""
    pending = [PENDING_KEY.format(kind=k.value, lane=lane.value) for k in (Kind.TRAIN, Kind.ESTIMATE) for lane in Lane]
    return {named for key in pending for named in _named(client, key, page=page)}


def _past(model: Model, settings: Settings, *, now: float) -> list[int]:
    others = sorted((number for number in model.versions if number != model.current), reverse=True)
    many = set(others[settings.versions_kept :]) if settings.versions_kept else set()
    born = now - settings.version_life_seconds
    aged = {n for n in others if model.versions[n].created_at < born} if settings.version_life_seconds else set()
    return [n for n in many | aged if model.versions[n].created_at < now - settings.grace_seconds]


def _named(client: redis.Redis, pending: str, *, page: int) -> Iterator[tuple[str, int]]:
    # By time and not by place: what is finished meanwhile must not make others slip through between two pages.
    start = "-inf"
    while True:
        found: Any = client.zrange(pending, start, "+inf", byscore=True, offset=0, num=page, withscores=True)
        with client.pipeline(transaction=False) as pipe:
            for group, _ in found:
                pipe.hmget(GROUP_KEY.format(group=group.decode()), ["heads", "version"])
            for heads, made in pipe.execute():
                for head in read_heads(heads) if heads else ():
                    if version := made or head.query.get("version"):
                        yield head.model, int(version)
        if len(found) < page:
            return
        start = repr(found[-1][1])
