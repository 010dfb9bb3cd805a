"""Models and versions a page at a time, each page at the same cost however many there are."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import redis

from tasks.redis_keys import MODELS_KEY, NAMES_KEY, NOTES_KEY, TAGGED_KEY
from tasks.registry.names import keys_of
from tasks.registry.notes import MODEL, Notes, Tag, read_notes, tagged
from tasks.registry.records import Summary, read_summary
from tasks.storage.scripts import register


class VersionLine(NamedTuple):
    """What a list says of a version."""

    summary: Summary
    notes: Notes


class Listed(NamedTuple):
    """A page of versions."""

    #: How many versions the model has, of all pages.
    total: int
    #: By number, the newest first.
    versions: dict[int, VersionLine]
    #: Whether there are more behind.
    more: bool


class Listing:
    """Lists what is in the registry of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._versions = register(client, "tasks/registry/lua/page_versions.lua")
        self._models = register(client, "tasks/registry/lua/page_models.lua")

    def versions(self, model: str, *, limit: int, below: int | None = None, tag: Tag | None = None) -> Listed:
        """The newest versions, of those with a number below that and with this tag; none of a model that is not
        there."""
        args = [below if below is not None else "+inf", limit + 1, _prefix(tag)]
        total, *found = self._versions(keys=keys_of(model), args=args)
        lines = list(zip(found[::3], found[1::3], found[2::3], strict=True))
        versions = {int(number): VersionLine(read_summary(text), read_notes(notes)) for number, text, notes in lines}
        return Listed(total, dict(list(versions.items())[:limit]), more=len(versions) > limit)

    def models(
        self,
        *,
        limit: int,
        after: str = "",
        prefix: str = "",
        tag: Tag | None = None,
        among: Collection[str] | None = None,
    ) -> tuple[dict[str, Notes], bool]:
        """(models after that name, whose names begin with the prefix, and with this tag, sorted, with what is said of
        each; whether there are more). `among`: of these alone."""
        if among is None:
            keys = [MODELS_KEY, NAMES_KEY, TAGGED_KEY]
            found: Any = self._models(keys=keys, args=[after, limit + 1, _prefix(tag), prefix])
            models = self._noted([name.decode() for name in found])
        else:
            models = self._noted(
                self._there(sorted(name for name in among if name > after and name.startswith(prefix)))
            )
            models = {name: notes for name, notes in models.items() if tag is None or tagged(notes, tag)}
        return dict(list(models.items())[:limit]), len(models) > limit

    def _there(self, names: list[str]) -> list[str]:
        if not names:
            return []
        there: Any = self._redis.smismember(MODELS_KEY, names)
        return [name for name, is_there in zip(names, there, strict=True) if is_there]

    def _noted(self, names: list[str]) -> dict[str, Notes]:
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hget(NOTES_KEY.format(model=name), MODEL)
            return {name: read_notes(record) for name, record in zip(names, pipe.execute(), strict=True)}


def _prefix(tag: Tag | None) -> str:
    """With what the entries begin that an index of tags has for a tag."""
    return "".join(f"{part}\0" for part in tag) if tag is not None else ""
