"""Changing what people say of models and versions."""

from __future__ import annotations

from typing import Any, Final

import redis

from tasks.errors import Conflict, PreconditionFailed
from tasks.redis_keys import NOTES_KEY
from tasks.registry.history import fact
from tasks.registry.models_registry import Registry
from tasks.registry.names import keys_of
from tasks.registry.notes import MODEL, Notes, changes, merged, read_notes, written
from tasks.storage.scripts import register

#: How often it is tried while somebody else changes the same.
TRIES: Final = 5


class Noting:
    """Changes notes and tags in one Redis."""

    def __init__(self, client: redis.Redis, registry: Registry) -> None:
        self._redis = client
        self._registry = registry
        self._set = register(client, "tasks/registry/lua/set_notes.lua")

    def patch(self, model: str, version: int | None, given: Any, *, who: str, expected: Notes | None = None) -> Notes:
        """Change what is said of a version, or of the model (None), by a merge patch. Returns what is said then.
        Raises InvalidField, UnknownModel, UnknownVersion; PreconditionFailed unless it is what is `expected` now;
        Conflict if others change it all the time."""
        field = MODEL if version is None else str(version)
        for _ in range(TRIES):
            record: Any = self._redis.hget(NOTES_KEY.format(model=model), field)
            old = read_notes(record)
            if expected is not None and old != expected:
                raise PreconditionFailed("somebody else has changed it since: read it again")
            new = merged(old, given)
            said = fact("noted", who=who, why=f"changed {', '.join(changes(old, new)) or 'nothing'}")
            done = self._set(
                keys=keys_of(model),
                args=[field, record or b"", written(new), said, model],
            )
            if done == 1:
                return new
            if not done:
                self._registry.check(model)
                # There is the model, so it is a version that is not there.
                raise self._registry.unknown_version(model, version or 0)
        raise Conflict("somebody else changes the same: try again")
