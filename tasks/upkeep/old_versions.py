"""Which versions of a model are past their retention: too many or too old, not current, and not in use."""

from __future__ import annotations

import redis

from tasks.config.settings import Settings
from tasks.registry.glances import Ages, ages
from tasks.registry.in_progress import in_use
from tasks.registry.models_registry import Registry
from tasks.upkeep.budget import Budget


def remove_old(client: redis.Redis, registry: Registry, settings: Settings, *, now: float, budget: Budget) -> int:
    """Remove the versions that are past their retention at this time. Returns how many.

    One that was made or was current in the last `grace_seconds` stays: work that has begun may use it.
    """
    if not (settings.versions_kept or settings.version_life_seconds):
        return 0
    before = now - settings.grace_seconds
    old = [(model.model, number) for model in ages(client) for number in sorted(_past(model, settings, now=now))]
    used = in_use(client) if old else set()
    return sum(
        registry.remove_version(model, number, before=before)
        for model, number in budget.within(old)
        if (model, number) not in used
    )


def _past(model: Ages, settings: Settings, *, now: float) -> list[int]:
    others = sorted(model.born.keys() - model.named, reverse=True)
    many = set(others[settings.versions_kept :]) if settings.versions_kept else set()
    oldest = now - settings.version_life_seconds
    aged = {number for number in others if model.born[number] < oldest} if settings.version_life_seconds else set()
    return [number for number in many | aged if model.born[number] < now - settings.grace_seconds]
