"""Takes away models, versions and data that somebody no longer wants. Their bytes go at a sweep."""

from __future__ import annotations

from typing import Any

import redis

from tasks.errors import Conflict, NotFound, UnknownModel
from tasks.registry.history import fact
from tasks.registry.in_progress import in_use
from tasks.registry.models_registry import Registry
from tasks.registry.names import keys_of
from tasks.storage.scripts import register


class Deleting:
    """Deletes from the registry of one Redis. `who`: the account that asks for it."""

    def __init__(self, client: redis.Redis, registry: Registry) -> None:
        self._redis = client
        self._registry = registry
        self._version = register(client, "tasks/registry/lua/delete_version.lua")
        self._data = register(client, "tasks/registry/lua/delete_data.lua")
        self._model = register(client, "tasks/registry/lua/delete_model.lua")

    def version(self, model: str, number: int, *, who: str, force: bool) -> None:
        """Delete a version. Raises UnknownModel, UnknownVersion; Conflict, unless forced, if it is current, if it
        has an alias, or if unfinished work names it."""
        if not force and (model, number) in in_use(self._redis):
            raise Conflict(
                f"unfinished work is about version {number} of {model}: wait for it, cancel it, or say force=true"
            )
        args: list[Any] = [number, int(force), fact("version deleted", who=who), model]
        done = self._version(keys=keys_of(model), args=args)
        if done == -1:
            raise Conflict(
                f"version {number} is the current one of {model}: promote another first, or say force=true, after which"
                " the model answers no estimates"
            )
        if done == -2:
            raise Conflict(f"version {number} of {model} has an alias: move or remove it first, or say force=true")
        if not done:
            self._registry.check(model)
            raise self._registry.unknown_version(model, number)

    def data(self, model: str, *, who: str, force: bool) -> None:
        """Delete the latest snapshot; versions stay and answer. Raises UnknownModel; NotFound if there is none;
        Conflict, unless forced, while work of the model is unfinished."""
        self._check_idle(model, force=force)
        if not self._data(keys=keys_of(model), args=[fact("data deleted", who=who), model]):
            self._registry.check(model)
            raise NotFound(f"the model {model} has no data: it was deleted")

    def model(self, model: str, *, who: str, force: bool) -> None:
        """Delete a model with all that it has but its history. Raises UnknownModel; Conflict, unless forced, if it has
        a current version or if its work is unfinished."""
        self._check_idle(model, force=force)
        done = self._model(keys=keys_of(model), args=[model, int(force), fact("model deleted", who=who)])
        if done == -1:
            raise Conflict(
                f"the model {model} has a current version, which answers estimates: say force=true to delete it with"
                " all its versions and its data"
            )
        if not done:
            raise UnknownModel(f"there is no model {model[:80]!r}")

    def _check_idle(self, model: str, *, force: bool) -> None:
        if not force and any(named == model for named, _ in in_use(self._redis)):
            raise Conflict(f"work of the model {model} is unfinished: wait for it, cancel it, or say force=true")
