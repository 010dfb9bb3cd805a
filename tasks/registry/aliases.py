"""Names for versions beside their numbers: `?version=champion`. Moving one moves what answers, without a restart."""

from __future__ import annotations

from typing import Any

import redis

from tasks.contract import ALIAS, ALIAS_RULE, CURRENT
from tasks.errors import InvalidField, NotFound, UnknownVersion
from tasks.ledger.groups import Current
from tasks.redis_keys import ALIASES_KEY, HISTORY_KEY, MODEL_KEY, VERSIONS_KEY
from tasks.registry.history import fact
from tasks.registry.models_registry import Registry
from tasks.storage.scripts import register


def check_alias(alias: str) -> str:
    """The alias, if one may be called that. Raises InvalidField."""
    if ALIAS.fullmatch(alias) is None or alias == CURRENT:
        raise InvalidField(f"the alias {alias[:80]!r} is not allowed: use {ALIAS_RULE}").at("?alias")
    return alias


class Aliases:
    """The aliases of the models of one Redis. `who`: the account that asks for a change."""

    def __init__(self, client: redis.Redis, registry: Registry) -> None:
        self._redis = client
        self._registry = registry
        self._set = register(client, "tasks/registry/lua/set_alias.lua")
        self._remove = register(client, "tasks/registry/lua/remove_alias.lua")

    def set(self, model: str, alias: str, version: int, *, who: str) -> None:
        """Give a version this name. Raises InvalidField, UnknownModel, UnknownVersion."""
        said = fact("alias set", who=who, alias=check_alias(alias))
        keys = [key.format(model=model) for key in (VERSIONS_KEY, ALIASES_KEY, HISTORY_KEY)]
        if not self._set(keys=keys, args=[alias, version, said]):
            self._registry.check(model)
            raise self._registry.unknown_version(model, version).at("/version")

    def remove(self, model: str, alias: str, *, who: str) -> None:
        """Take this name away. Raises UnknownModel, NotFound."""
        keys = [key.format(model=model) for key in (ALIASES_KEY, HISTORY_KEY)]
        if not self._remove(keys=keys, args=[alias, fact("alias removed", who=who, alias=alias)]):
            self._registry.check(model)
            raise NotFound(f"the model {model} has no alias {alias[:80]!r}")

    def find(self, model: str, alias: str) -> Current:
        """The version of this name. Raises UnknownVersion, which says which names there are."""
        version: Any = self._redis.hget(ALIASES_KEY.format(model=model), alias)
        if version is None:
            known = ", ".join(sorted(self.of(model))) or "there is none"
            raise UnknownVersion(f"the model {model} has no version or alias {alias[:80]!r}; its aliases: {known}").at(
                "?version"
            )
        identity: Any = self._redis.hget(MODEL_KEY.format(model=model), f"identity{int(version)}")
        return Current(int(version), identity.decode() if identity else "")

    def of(self, model: str) -> dict[str, int]:
        """The aliases of a model, by name, with their versions."""
        found: Any = self._redis.hgetall(ALIASES_KEY.format(model=model))
        return named(found)


def named(found: dict[bytes, bytes]) -> dict[str, int]:
    """Version numbers by alias, as Redis has them."""
    return {alias.decode(): int(version) for alias, version in sorted(found.items())}
