"""What there is to say of one model and of one version, read in one or two steps however many versions there are."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec
import redis

from tasks.errors import Unavailable
from tasks.redis_keys import ALIASES_KEY, CURVES_KEY, MODEL_KEY, NOTES_KEY, PERIODS_KEY, VERSIONS_KEY
from tasks.registry.aliases import named
from tasks.registry.lineage import Period, read_periods
from tasks.registry.listing import Listed
from tasks.registry.models_registry import Registry
from tasks.registry.notes import MODEL, Notes, read_notes
from tasks.registry.records import Snapshot, Version, read_snapshot, read_whole_version
from tasks.registry.schemas import with_schema
from tasks.storage.blobs import Blobs

#: How many versions are told of with a model, the newest.
VERSIONS: Final = 50


class ModelDescription(NamedTuple):
    """A model. `described` says what is learned and from which columns: its snapshot, or its newest version where the
    snapshot was deleted."""

    name: str
    snapshot: Snapshot | None
    described: Snapshot | Version
    #: JSON of the plan of the data's columns; None if there is none.
    plan: bytes | None
    #: JSON schema of what a train may say in `params`; None if its estimator tells none.
    params_schema: msgspec.Raw | None
    current: int | None
    aliases: dict[str, int]
    notes: Notes
    listed: Listed


class VersionDescription(NamedTuple):
    """A version of a model."""

    model: str
    number: int
    version: Version
    current: bool
    aliases: list[str]
    notes: Notes
    #: None where an earlier release stored the version and did not say.
    periods: list[Period] | None


class Descriptions:
    """Describes what is in the registry of one Redis, and in its blobs. Bytes that are lost take nothing else away: a
    schema is null then, and a plan None."""

    def __init__(self, client: redis.Redis, registry: Registry, blobs: Blobs) -> None:
        self._redis = client
        self._registry = registry
        self._blobs = blobs

    def model(self, name: str) -> ModelDescription:
        """One model. Raises UnknownModel."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(MODEL_KEY.format(model=name), ["snapshot", "current"])
            pipe.hgetall(ALIASES_KEY.format(model=name))
            pipe.hget(NOTES_KEY.format(model=name), MODEL)
            (record, current), aliases, notes = pipe.execute()
        listed = self._registry.listing.versions(name, limit=VERSIONS)
        snapshot = read_snapshot(record) if record else None
        if snapshot is None and not listed.total:
            raise self._registry.unknown(name)
        described = snapshot or self._with_schema(self._registry.version(name, max(listed.versions)))
        return ModelDescription(
            name=name,
            snapshot=snapshot,
            described=described,
            plan=self._plan(snapshot),
            params_schema=self._registry.offers.params_schema(described.estimator),
            current=int(current) if current else None,
            aliases=named(aliases),
            notes=read_notes(notes),
            listed=listed,
        )

    def version(self, model: str, number: int) -> VersionDescription:
        """One version with its curve and its schema. Raises UnknownModel, UnknownVersion."""
        found = self._versions(model, [number], curves=True)
        if not found:
            self._registry.check(model)
            raise self._registry.unknown_version(model, number)
        return found[0]._replace(version=self._with_schema(found[0].version))

    def versions(self, model: str, numbers: Sequence[int]) -> list[VersionDescription]:
        """These versions, without their curves and schemas; those that are not there are left out."""
        return self._versions(model, numbers, curves=False) if numbers else []

    def _versions(self, model: str, numbers: Sequence[int], *, curves: bool) -> list[VersionDescription]:
        fields = [str(number) for number in numbers]
        with self._redis.pipeline(transaction=True) as pipe:
            for key in (VERSIONS_KEY, PERIODS_KEY, NOTES_KEY, *([CURVES_KEY] if curves else [])):
                pipe.hmget(key.format(model=model), fields)
            pipe.hget(MODEL_KEY.format(model=model), "current")
            pipe.hgetall(ALIASES_KEY.format(model=model))
            records, periods, notes, *read, current, aliases = pipe.execute()
        drawn = read[0] if curves else [None] * len(fields)
        found = []
        for number, record, curve, when, said in zip(numbers, records, drawn, periods, notes, strict=True):
            if record is None:
                continue
            version = read_whole_version(record, curve)
            known = when is not None or version.lineage is not None
            found.append(
                VersionDescription(
                    model=model,
                    number=number,
                    version=version,
                    current=current is not None and int(current) == number,
                    aliases=[alias for alias, named_number in named(aliases).items() if named_number == number],
                    notes=read_notes(said),
                    periods=read_periods(when) if known else None,
                )
            )
        return found

    def _with_schema(self, version: Version) -> Version:
        with suppress(Unavailable):
            return with_schema(self._blobs, version)
        return version

    def _plan(self, snapshot: Snapshot | None) -> bytes | None:
        with suppress(Unavailable):
            if snapshot and snapshot.plan:
                return self._blobs.get(snapshot.plan)
        return None
