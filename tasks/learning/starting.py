"""A train that goes on from a version."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField, UnknownVersion
from tasks.estimators.base import Estimator
from tasks.learning.guarding import differences
from tasks.registry.records import Snapshot, Version
from tasks.registry.schemas import with_schema
from tasks.tables.checks import listed
from tasks.tables.columns import Schema
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.worker.runtime import Runtime

_POINTER: Final = "/from_version"
#: The finding of a train that goes on from a model of elsewhere.
STARTED_IMPORTED: Final = "started_imported"
#: Most differences that are told.
_MOST: Final = 10


@dataclass(frozen=True)
class Start:
    """What a train goes on from: nothing, as a rule."""

    #: 0: no version.
    number: int = 0
    findings: list[Finding] = field(default_factory=list)


def check_named(named: Any) -> int | str | None:
    """The version that a train names to go on from: a number or an alias. Raises InvalidField."""
    if named is None or (isinstance(named, str) and named) or (type(named) is int and named > 0):
        return named
    raise InvalidField("from_version must be the number of a version, or an alias").at(_POINTER)


def started(
    runtime: Runtime, model: str, named: int | str, *, snapshot: Snapshot, estimator: Estimator[Any]
) -> tuple[Estimator[Any], Start]:
    """(the estimator, whose fits go on from the version; that version).

    Where the version learned from test rows, it is the model that did not. Raises UnknownVersion, and InvalidField
    where the snapshot's data differ from what the version learned from, or the estimator cannot go on.
    """
    number = _number(runtime, model, named)
    try:
        version = with_schema(runtime.blobs, runtime.registry.version(model, number))
    except UnknownVersion as error:
        raise error.at(_POINTER) from None
    if version.estimator != snapshot.estimator:
        raise InvalidField(
            f"from_version names version {number}, which {version.estimator!r} made; the data are for"
            f" {snapshot.estimator!r}"
        ).at(_POINTER)
    old, new = (msgspec.json.decode(one.schema, type=Schema) for one in (version, snapshot))
    if changes := schema_changes(old, new):
        raise InvalidField(
            f"from_version names version {number}, which learned from other data: {'; '.join(changes[:_MOST])}; train"
            " without it, or go on with data like those"
        ).at(_POINTER)
    artefact = estimator.load(runtime.blobs.get(version.measured_artefact or version.artefact))
    return estimator.starting_from(artefact), Start(number, _unknown_rows(version, number))


def _unknown_rows(version: Version, number: int) -> list[Finding]:
    """A finding where nobody can say whether the version learned from the rows that measure."""
    before = [one["code"] for one in msgspec.json.decode(version.findings)]
    if version.imported is None and STARTED_IMPORTED not in before:
        return []
    origin = "was imported" if version.imported is not None else "goes on from one that was imported"
    return [finding(STARTED_IMPORTED, f"version {number}, from which this one goes on, {origin}")]


def schema_changes(old: Schema, new: Schema) -> list[str]:
    """What the trees, weights, ... of a model with the old schema would read as something else in rows of the new one,
    each in words."""
    if changes := differences(old, new):
        return changes
    if old.names != new.names:
        return [f"the columns are in another order: {listed(new.names)}, not {listed(old.names)}"]
    if old.classes != new.classes:
        return [f"the classes are {listed([*map(str, new.classes)])}, not {listed([*map(str, old.classes)])}"]
    changes = []
    for before, after in zip(old.columns, new.columns, strict=True):
        name = f"column {before.name!r}"
        if added := [text for text in after.categories if text not in set(before.categories)]:
            changes.append(f"{name} has new categories: {listed(added, most=5)}")
        if lost := [text for text in before.categories if text not in set(after.categories)]:
            changes.append(f"{name} has no {listed(lost, most=5)}")
        if before.format != after.format:
            changes.append(f"{name} is written as {after.format!r}, not {before.format!r}")
        if after.nullable and not before.nullable:
            changes.append(f"{name} has missing values, which it never had")
    return changes


def _number(runtime: Runtime, model: str, named: int | str) -> int:
    if isinstance(named, int):
        return named
    try:
        return runtime.aliases.find(model, named).version
    except UnknownVersion as error:
        raise error.at(_POINTER) from None
