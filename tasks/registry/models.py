"""Models and their versions, as callers in Python look after them: `Client().models`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import redis

from tasks.registry.aliases import Aliases
from tasks.registry.deleting import Deleting
from tasks.registry.descriptions import Descriptions, ModelDescription, VersionDescription
from tasks.registry.history import Fact, history
from tasks.registry.listing import VersionLine
from tasks.registry.models_registry import Registry
from tasks.registry.names import check_name
from tasks.registry.notes import Notes, check_reason, tag_of
from tasks.registry.noting import Noting
from tasks.storage.blobs import Blobs
from tasks.storage.connection import answering

#: How many are asked for together.
PAGE: Final = 200


class Models:
    """Looks after the models of a service. All but what only reads is told in the history of the model."""

    def __init__(self, client: redis.Redis, blobs: Blobs, *, who: str) -> None:
        """`who`: in whose name."""
        self._redis = client
        self._who = who
        self._registry = Registry(client)
        self._aliases = Aliases(client, self._registry)
        self._deleting = Deleting(client, self._registry)
        self._noting = Noting(client, self._registry)
        self._descriptions = Descriptions(client, self._registry, blobs)

    def list(self, *, tag: str | None = None) -> Iterator[str]:
        """The names of all models, sorted; `tag`: of those that have it, as NAME or NAME:VALUE. Raises InvalidField."""
        after, more, wanted = "", True, tag_of(tag) if tag is not None else None
        while more:
            with answering():
                found, more = self._registry.listing.models(limit=PAGE, after=after, tag=wanted)
            yield from found
            after = next(reversed(found), "")

    def describe(self, model: str) -> ModelDescription:
        """A model with its newest versions. Raises UnknownModel."""
        with answering():
            return self._descriptions.model(check_name(model))

    def versions(self, model: str, *, tag: str | None = None) -> Iterator[tuple[int, VersionLine]]:
        """All versions of a model by number, the newest first; `tag`: of those that have it, as NAME or NAME:VALUE.
        Raises InvalidField."""
        below, more, wanted = None, True, tag_of(tag) if tag is not None else None
        while more:
            with answering():
                page = self._registry.listing.versions(check_name(model), limit=PAGE, below=below, tag=wanted)
            yield from page.versions.items()
            below, more = next(reversed(page.versions), None), page.more

    def version(self, model: str, version: int) -> VersionDescription:
        """A version: where it comes from, when it was current, and all that was measured. Raises UnknownModel,
        UnknownVersion."""
        with answering():
            return self._descriptions.version(check_name(model), version)

    def note(
        self,
        model: str,
        version: int | None = None,
        *,
        notes: str | None = None,
        tags: Mapping[str, str | None] | None = None,
    ) -> Notes:
        """Change what is said of a version, or of the model: `notes`, if given ("" takes them away), and `tags` by
        name (None takes one away). Returns what is said then. Raises InvalidField, UnknownModel, UnknownVersion."""
        given = {
            **({"notes": notes} if notes is not None else {}),
            **({"tags": dict(tags)} if tags is not None else {}),
        }
        with answering():
            return self._noting.patch(check_name(model), version, given, who=self._who)

    def promote(self, model: str, version: int, *, reason: str = "") -> None:
        """Make a version current. Raises InvalidField, UnknownModel, UnknownVersion."""
        with answering():
            self._registry.promote(check_name(model), version, who=self._who, why=check_reason(reason))

    def set_alias(self, model: str, alias: str, version: int) -> None:
        """Give a version a name by which estimates may ask for it, or move it there. Raises InvalidField, UnknownModel,
        UnknownVersion."""
        with answering():
            self._aliases.set(check_name(model), alias, version, who=self._who)

    def remove_alias(self, model: str, alias: str) -> None:
        """Take a name away; the version stays. Raises UnknownModel, NotFound."""
        with answering():
            self._aliases.remove(check_name(model), alias, who=self._who)

    def delete(self, model: str, *, force: bool = False) -> None:
        """Delete a model with all that it has but its history. Raises UnknownModel; Conflict, unless forced, if it has
        a current version or unfinished work."""
        with answering():
            self._deleting.model(check_name(model), who=self._who, force=force)

    def delete_version(self, model: str, version: int, *, force: bool = False) -> None:
        """Delete a version. Raises UnknownModel, UnknownVersion; Conflict, unless forced, if it is current, has an
        alias, or unfinished work names it."""
        with answering():
            self._deleting.version(check_name(model), version, who=self._who, force=force)

    def delete_data(self, model: str, *, force: bool = False) -> None:
        """Delete the latest data; versions stay and answer. Raises UnknownModel, NotFound; Conflict, unless forced,
        while work of the model is unfinished."""
        with answering():
            self._deleting.data(check_name(model), who=self._who, force=force)

    def history(self, model: str) -> Iterator[Fact]:
        """What happened to a model, the newest first, also to one that was deleted."""
        before, more = None, True
        while more:
            with answering():
                facts, before = history(self._redis, check_name(model), limit=PAGE, before=before)
            yield from facts
            more = before is not None
