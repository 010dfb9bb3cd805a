"""Models, their snapshots and versions, and which version is current. Schemas pass through it unread."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import redis

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE
from tasks.errors import (
    InvalidField,
    ModelNotInitialised,
    ModelNotTrained,
    UnknownModel,
    UnknownVersion,
)
from tasks.ledger.claims import check_held
from tasks.ledger.groups import Claim
from tasks.redis_keys import (
    ALIASES_KEY,
    CURVES_KEY,
    GROUP_KEY,
    HISTORY_KEY,
    MODEL_KEY,
    MODELS_KEY,
    REPORTS_KEY,
    RETIRED_KEY,
    VERSIONS_KEY,
)
from tasks.registry.curve import Curve, read_curve
from tasks.registry.history import RETENTION, fact, last_fact, task_of, who_asked
from tasks.registry.measured import Decision, Measured
from tasks.registry.snapshot_plans import SnapshotPlans
from tasks.registry.version_reports import VersionReports
from tasks.storage.scripts import register


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """The data that a model is trained on, as init stored it."""

    estimator: str
    #: JSON of the schema.
    schema: msgspec.Raw
    #: Hash of the table's content.
    fingerprint: str
    #: Blobs of the parts, in Arrow: the rows to learn from, those that stop the fit and choose, those that measure.
    train: str
    holdout: str
    #: Empty where there are two parts, as earlier releases made them: then `holdout` measures, too.
    test: str = ""
    #: Blob of which rows are in which part; empty if an earlier release stored it, or time decides.
    sides: str = ""
    rows: int
    #: JSON of how models are measured and decide; empty if an earlier release stored it.
    choices: str = ""
    #: How many rows measure.
    holdout_rows: int
    #: How many rows stop the fit and choose; 0 where those that measure do.
    validation_rows: int = 0
    target: str
    problem: str
    #: Blob of the plan of its columns (JSON); empty if an earlier release stored it and no train has made one since.
    plan: str = ""
    #: Seconds since the epoch.
    created_at: float


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided when a version was stored, and why; later promotions do not change it."""

    #: False: it could not be compared with the current version, and was not promoted for that.
    decided: bool
    because: str


#: Of versions that were made before it was kept.
UNKNOWN_PROMOTION: Final = Promotion(decided=True, because="made before reasons were kept")


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One trained version of a model. It never changes. Its curve is kept apart; `Registry.version` reads it too."""

    estimator: str
    #: JSON of the schema.
    schema: msgspec.Raw
    #: Fingerprint of the snapshot.
    fingerprint: str
    #: Blob of the artefact.
    artefact: str
    #: Blob of the model that was measured, where that was another: one that has not learned from the test rows.
    measured_artefact: str = ""
    params: dict[str, Any]
    #: Those that the fit had, with the estimator's defaults for this data; empty if it did not say.
    params_used: dict[str, Any] = {}
    metrics: dict[str, float]
    importance: dict[str, float]
    curve: Curve = Curve()
    #: How long the fit took.
    seconds: float
    #: Seconds since the epoch.
    created_at: float
    #: The task that made it.
    task: str
    promotion: Promotion = UNKNOWN_PROMOTION
    #: On what it was measured.
    measured: Measured = Measured()
    #: What it does with what its model says.
    decision: Decision = Decision()
    #: What its train had to say beside the figures (JSON of a list of findings).
    findings: msgspec.Raw = msgspec.Raw(b"[]")


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """One model: its latest snapshot, its current version's number, its versions by number."""

    name: str
    #: None if it was deleted.
    snapshot: Snapshot | None
    current: int | None
    versions: dict[int, Version]
    #: Version numbers, by alias.
    aliases: dict[str, int] = {}


class Learned(msgspec.Struct, frozen=True):
    """What a schema says beside its columns."""

    target: str
    problem: str


_encode = msgspec.json.Encoder().encode
_read_learned = msgspec.json.Decoder(Learned).decode
_read_snapshot = msgspec.json.Decoder(Snapshot).decode
_read_version = msgspec.json.Decoder(Version).decode


def read_learned(of: Snapshot | Version) -> Learned:
    """What is learned from data or by a version."""
    return _read_learned(of.schema)


def check_name(model: str) -> str:
    """The name, if a model may be called that. Raises InvalidField."""
    if MODEL_NAME.fullmatch(model) is None:
        raise InvalidField(f"the model name {model[:80]!r} is not allowed: use {MODEL_NAME_RULE}").at("?model")
    return model


class Registry:
    """The models in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self.reports = VersionReports(client)
        self.plans = SnapshotPlans(client)
        self._add_version = register(client, "tasks/registry/lua/add_version.lua")
        self._set_snapshot = register(client, "tasks/registry/lua/set_snapshot.lua")
        self._promote = register(client, "tasks/registry/lua/promote.lua")
        self._remove_version = register(client, "tasks/registry/lua/remove_version.lua")

    def set_snapshot(self, model: str, snapshot: Snapshot, *, claim: Claim | None) -> None:
        """Make this the model's latest snapshot; the first one makes the model. Raises FenceLost, Cancelled."""
        keys = [_group(claim), MODEL_KEY.format(model=model), MODELS_KEY, HISTORY_KEY.format(model=model)]
        said = fact("data", who=who_asked(claim), task=task_of(claim))
        done = self._set_snapshot(keys=keys, args=[claim.fence if claim else 0, _encode(snapshot), model, said])
        if claim is not None:
            check_held(done, claim)

    def add_version(self, model: str, version: Version, *, promote: bool, claim: Claim | None) -> int:
        """Add a version, and make it current if asked, in one step. Returns its number. Raises FenceLost,
        Cancelled."""
        keys = [_group(claim), *_version_keys(model), CURVES_KEY.format(model=model), HISTORY_KEY.format(model=model)]
        lean = msgspec.structs.replace(version, curve=Curve())
        why, task = version.promotion.because, task_of(claim)
        said = fact("version", who=who_asked(claim), why=why, promoted=promote, task=task)
        args: list[Any] = [claim.fence if claim else 0, _encode(lean), int(promote), _encode(version.curve), said]
        number = self._add_version(keys=keys, args=args)
        return check_held(number, claim) if claim is not None else int(number)

    def promote(self, model: str, version: int, *, who: str) -> None:
        """Make a version current, as an account (`who`) asks for. Raises UnknownModel, UnknownVersion."""
        keys = [*_version_keys(model), HISTORY_KEY.format(model=model)]
        if not self._promote(keys=keys, args=[version, fact("promoted", who=who)]):
            self.model(model)
            raise UnknownVersion(f"the model {model} has no version {version}")

    def remove_version(self, model: str, version: int, *, before: float) -> bool:
        """Remove a version, unless it is current or was so since that time (seconds since the epoch)."""
        others = (REPORTS_KEY, CURVES_KEY, HISTORY_KEY)
        keys = [*_version_keys(model), *(key.format(model=model) for key in others)]
        return bool(self._remove_version(keys=keys, args=[version, before, fact("retention", who=RETENTION)]))

    def snapshot(self, model: str) -> Snapshot:
        """The latest snapshot. Raises ModelNotInitialised."""
        record: Any = self._redis.hget(MODEL_KEY.format(model=model), "snapshot")
        if record is None:
            raise ModelNotInitialised(f"the model {model} is not initialised: submit an init with its data first")
        return _read_snapshot(record)

    def current(self, model: str) -> int | None:
        """The number of the model's current version, if it has one."""
        number: Any = self._redis.hget(MODEL_KEY.format(model=model), "current")
        return int(number) if number else None

    def identity(self, model: str, version: int) -> str:
        """What tells this version from any other that had its number; empty if there is none."""
        found: Any = self._redis.hget(MODEL_KEY.format(model=model), f"identity{version}")
        return found.decode() if found else ""

    def not_trained(self, model: str) -> Exception:
        """Why a model without a current version cannot estimate."""
        key = MODEL_KEY.format(model=model)
        if not self._redis.hexists(key, "snapshot"):
            return ModelNotInitialised(f"the model {model} is not initialised: submit an init, then a train")
        if self._redis.hlen(VERSIONS_KEY.format(model=model)):
            return ModelNotTrained(f"the model {model} has no current version: promote one of its versions")
        return ModelNotTrained(f"the model {model} is not trained: submit a train first")

    def version(self, model: str, number: int) -> Version:
        """One version, with its curve. Raises UnknownVersion."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(VERSIONS_KEY.format(model=model), str(number))
            pipe.hget(CURVES_KEY.format(model=model), str(number))
            record, curve = pipe.execute()
        if record is None:
            raise UnknownVersion(f"the model {model} has no version {number}").at("?version")
        version = _read_version(record)
        return msgspec.structs.replace(version, curve=read_curve(curve)) if curve else version

    def names(self) -> list[str]:
        """The names of all models, sorted."""
        members: Any = self._redis.smembers(MODELS_KEY)
        return sorted(member.decode() for member in members)

    def model(self, name: str) -> Model:
        """One model with all its versions, without their curves. Raises UnknownModel."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hmget(MODEL_KEY.format(model=name), ["snapshot", "current"])
            pipe.hgetall(VERSIONS_KEY.format(model=name))
            pipe.hgetall(ALIASES_KEY.format(model=name))
            (snapshot, current), versions, aliases = pipe.execute()
        if snapshot is None and not versions:
            raise self._unknown(name)
        return Model(
            name=name,
            snapshot=_read_snapshot(snapshot) if snapshot else None,
            current=int(current) if current else None,
            versions={int(number): _read_version(record) for number, record in sorted(versions.items())},
            aliases={alias.decode(): int(number) for alias, number in sorted(aliases.items())},
        )

    def _unknown(self, name: str) -> UnknownModel:
        """Why there is no such model: nobody made it, or somebody deleted it."""
        last = last_fact(self._redis, name)
        if last is None:
            return UnknownModel(f"there is no model {name[:80]!r}")
        when = datetime.fromtimestamp(last.at, UTC).isoformat(timespec="seconds")
        return UnknownModel(f"there is no model {name[:80]!r} any more: {last.what} by {last.who} at {when}")


def _group(claim: Claim | None) -> str:
    return GROUP_KEY.format(group=claim.group) if claim else ""


def _version_keys(model: str) -> list[str]:
    return [key.format(model=model) for key in (MODEL_KEY, VERSIONS_KEY, RETIRED_KEY)]
