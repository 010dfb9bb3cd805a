"""Which versions of a model are past their retention: too many or too old, not current, and not in use."""

from __future__ import annotations

import redis

from tasks.config.settings import Settings
from tasks.registry.in_progress import in_use
from tasks.registry.models_registry import Registry
from tasks.registry.records import Model
from tasks.upkeep.budget import Budget


def remove_old(client: redis.Redis, registry: Registry, settings: Settings, *, now: float, budget: Budget) -> int:
    """Remove the versions that are past their retention at this time. Returns how many.

    One that was made or was current in the last `grace_seconds` stays: work that has begun may use it.
    """
    before = now - settings.grace_seconds
    old = sorted((model.name, number) for model in registry.models() for number in _past(model, settings, now=now))
    used = in_use(client) if old else set()
    return sum(
        registry.remove_version(model, number, before=before)
        for model, number in budget.within(old)
        if (model, number) not in used
    )


def _past(model: Model, settings: Settings, *, now: float) -> list[int]:
    named = {model.current, *model.aliases.values()}
    others = sorted((number for number in model.versions if number not in named), reverse=True)
    many = set(others[settings.versions_kept :]) if settings.versions_kept else set()
    born = now - settings.version_life_seconds
    aged = {n for n in others if model.versions[n].created_at < born} if settings.version_life_seconds else set()
    return [n for n in many | aged if model.versions[n].created_at < now - settings.grace_seconds]
