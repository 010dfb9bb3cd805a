"""Models and versions a page at a time, each page at the same cost however many there are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import redis

from tasks.redis_keys import MODELS_KEY, NAMES_KEY
from tasks.registry.names import keys_of
from tasks.registry.records import Summary, read_summary
from tasks.storage.scripts import register


class Listed(NamedTuple):
    """A page of versions."""

    #: How many versions the model has, of all pages.
    total: int
    #: What a list says of each version, by its number, the newest first.
    versions: dict[int, Summary]
    #: Whether there are more behind.
    more: bool


class Listing:
    """Lists what is in the registry of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._versions = register(client, "tasks/registry/lua/page_versions.lua")
        self._models = register(client, "tasks/registry/lua/page_models.lua")

    def versions(self, model: str, *, limit: int, below: int | None = None) -> Listed:
        """The newest versions, of those with a number below that; none of a model that is not there."""
        args = [below if below is not None else "+inf", limit + 1]
        total, *found = self._versions(keys=keys_of(model), args=args)
        pairs = list(zip(found[::2], found[1::2], strict=True))
        return Listed(
            total, {int(number): read_summary(text) for number, text in pairs[:limit]}, more=len(pairs) > limit
        )

    def models(self, *, limit: int, after: str = "", among: Collection[str] | None = None) -> tuple[list[str], bool]:
        """(names of models after that one, sorted; whether there are more). `among`: of these alone."""
        if among is None:
            found: Any = self._models(keys=[MODELS_KEY, NAMES_KEY], args=[after, limit + 1])
            names = [name.decode() for name in found]
        else:
            names = self._there(sorted(name for name in among if name > after))
        return names[:limit], len(names) > limit

    def _there(self, names: list[str]) -> list[str]:
        if not names:
            return []
        there: Any = self._redis.smismember(MODELS_KEY, names)
        return [name for name, is_there in zip(names, there, strict=True) if is_there]
