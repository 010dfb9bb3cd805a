"""Models, their snapshots and versions, and which version is current. Schemas pass through it unread."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import redis

from tasks.errors import (
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
    MODEL_KEY,
    MODELS_KEY,
    VERSIONS_KEY,
)
from tasks.registry.curve import Curve
from tasks.registry.expected import Expected, tell
from tasks.registry.history import RETENTION, Fact, fact, last_fact, removal_of, task_of, who_asked
from tasks.registry.listing import Listing
from tasks.registry.names import keys_of
from tasks.registry.offers import Offers
from tasks.registry.records import Model, Snapshot, Summary, Version, read_snapshot, read_version, read_whole_version
from tasks.registry.searched import KeptTrials
from tasks.registry.snapshot_plans import SnapshotPlans
from tasks.registry.version_reports import VersionReports
from tasks.storage.scripts import register

#: What a script says if there is no such model, or no such snapshot any more.
_GONE: Final = -2

_encode = msgspec.json.Encoder().encode


class Registry:
    """The models in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self.reports = VersionReports(client)
        self.plans = SnapshotPlans(client)
        self.trials = KeptTrials(client)
        self.listing = Listing(client)
        self.offers = Offers(client)
        self._add_version = register(client, "tasks/registry/lua/add_version.lua")
        self._set_snapshot = register(client, "tasks/registry/lua/set_snapshot.lua")
        self._promote = register(client, "tasks/registry/lua/promote.lua")
        self._remove_version = register(client, "tasks/registry/lua/remove_version.lua")

    def set_snapshot(self, model: str, snapshot: Snapshot, *, claim: Claim | None, made_of: str = "") -> bool:
        """Make this the model's latest snapshot; the first one makes the model. False, and nothing is changed, if it is
        made of one (`dated_snapshot`) that is not the latest any more. Raises FenceLost, Cancelled."""
        keys = [_group(claim), *keys_of(model)]
        said = fact("data", who=who_asked(claim), task=task_of(claim))
        done = self._set_snapshot(
            keys=keys, args=[claim.fence if claim else 0, _encode(snapshot), model, said, made_of]
        )
        if int(done) == _GONE:
            return False
        if claim is not None:
            check_held(done, claim)
        return True

    def has_stored(self, claim: Claim) -> bool:
        """Whether an earlier claim of this init has stored its snapshot."""
        return bool(self._redis.hexists(_group(claim), "stored"))

    def add_version(
        self, model: str, version: Version, *, promote: bool, claim: Claim | None, makes_model: bool = False
    ) -> int:
        """Add a version, and make it current if asked, in one step. Returns its number. Raises FenceLost, Cancelled,
        and ModelNotInitialised if there is no such model, as it was deleted meanwhile; unless it `makes_model`."""
        keys = [_group(claim), *keys_of(model)]
        lean = msgspec.structs.replace(version, curve=Curve())
        why, task = version.promotion.because, task_of(claim)
        said = fact("version", who=who_asked(claim), why=why, promoted=promote, task=task)
        args: list[Any] = [
            claim.fence if claim else 0,
            _encode(lean),
            int(promote),
            _encode(version.curve),
            said,
            model,
            _encode(Summary(metrics=version.metrics, created_at=version.created_at)),
            int(makes_model),
        ]
        number = self._add_version(keys=keys, args=args)
        if int(number) == _GONE:
            raise ModelNotInitialised(f"the model {model} was deleted while a version of it was trained")
        return check_held(number, claim) if claim is not None else int(number)

    def promote(self, model: str, version: int, *, who: str, why: str = "") -> None:
        """Make a version current, as an account (`who`) asks for, and why, if it says so. Raises UnknownModel,
        UnknownVersion."""
        found: Any = self._redis.hget(VERSIONS_KEY.format(model=model), str(version))
        if found is not None:
            record = read_version(found)
            self.expect(model, record.estimator, record.artefact)
        if not self._promote(keys=keys_of(model), args=[version, fact("promoted", who=who, why=why)]):
            self.check(model)
            raise self.unknown_version(model, version)

    def expect(self, model: str, estimator: str, artefact: str) -> None:
        """Say that this artefact is that of the model's current version in a moment."""
        tell(self._redis, Expected(model, estimator, artefact))

    def remove_version(self, model: str, version: int, *, before: float) -> bool:
        """Remove a version, unless it is current or was so since that time (seconds since the epoch)."""
        args: list[Any] = [version, before, fact("retention", who=RETENTION)]
        return bool(self._remove_version(keys=keys_of(model), args=args))

    def snapshot(self, model: str) -> Snapshot:
        """The latest snapshot. Raises ModelNotInitialised."""
        return self.dated_snapshot(model)[0]

    def dated_snapshot(self, model: str) -> tuple[Snapshot, str]:
        """(the latest snapshot, what tells its record from any other). Raises ModelNotInitialised."""
        record: Any = self._redis.hget(MODEL_KEY.format(model=model), "snapshot")
        if record is None:
            raise ModelNotInitialised(f"the model {model} is not initialised: submit an init with its data first")
        return read_snapshot(record), hashlib.sha1(record, usedforsecurity=False).hexdigest()

    def current(self, model: str) -> int | None:
        """The number of the model's current version, if it has one."""
        number: Any = self._redis.hget(MODEL_KEY.format(model=model), "current")
        return int(number) if number else None

    def currents(self, models: Iterable[str]) -> dict[str, int | None]:
        """The number of the current version of each of these models, if it has one."""
        names = list(models)
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hget(MODEL_KEY.format(model=name), "current")
            return {name: int(number) if number else None for name, number in zip(names, pipe.execute(), strict=True)}

    def identity(self, model: str, version: int) -> str:
        """What tells this version from any other that had its number; empty if there is none."""
        found: Any = self._redis.hget(MODEL_KEY.format(model=model), f"identity{version}")
        return found.decode() if found else ""

    def not_trained(self, model: str) -> Exception:
        """Why a model without a current version cannot estimate."""
        key = MODEL_KEY.format(model=model)
        if self._redis.hlen(VERSIONS_KEY.format(model=model)):
            return ModelNotTrained(f"the model {model} has no current version: promote one of its versions")
        if not self._redis.hexists(key, "snapshot"):
            return ModelNotInitialised(f"the model {model} is not initialised: submit an init, then a train")
        return ModelNotTrained(f"the model {model} is not trained: submit a train first")

    def version(self, model: str, number: int) -> Version:
        """One version, with its curve; its schema may lie elsewhere. Raises UnknownVersion."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hget(VERSIONS_KEY.format(model=model), str(number))
            pipe.hget(CURVES_KEY.format(model=model), str(number))
            record, curve = pipe.execute()
        if record is None:
            raise self.unknown_version(model, number).at("?version")
        return read_whole_version(record, curve)

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
            raise self.unknown(name)
        return Model(
            name=name,
            snapshot=read_snapshot(snapshot) if snapshot else None,
            current=int(current) if current else None,
            versions={int(number): read_version(record) for number, record in sorted(versions.items())},
            aliases={alias.decode(): int(number) for alias, number in sorted(aliases.items())},
        )

    def check(self, name: str) -> None:
        """Raise UnknownModel if there is no such model."""
        if not self._redis.sismember(MODELS_KEY, name):
            raise self.unknown(name)

    def check_version(self, name: str, number: int) -> None:
        """Raise UnknownModel or UnknownVersion if there is no such version."""
        if not self._redis.hexists(VERSIONS_KEY.format(model=name), str(number)):
            self.check(name)
            raise self.unknown_version(name, number)

    def unknown(self, name: str) -> UnknownModel:
        """Why there is no such model: nobody made it, or somebody deleted it."""
        last = last_fact(self._redis, name)
        if last is None:
            return UnknownModel(f"there is no model {name[:80]!r}")
        return UnknownModel(f"there is no model {name[:80]!r} any more: {_told(last)}")

    def unknown_version(self, name: str, number: int) -> UnknownVersion:
        """Why a model has no such version: nobody made it, or somebody deleted it."""
        last = removal_of(self._redis, name, number)
        since = "" if last is None else f" any more: {_told(last)}"
        return UnknownVersion(f"the model {name} has no version {number}{since}")


def _told(last: Fact) -> str:
    when = datetime.fromtimestamp(last.at, UTC).isoformat(timespec="seconds")
    return f"{last.what} by {last.who} at {when}"


def _group(claim: Claim | None) -> str:
    return GROUP_KEY.format(group=claim.group) if claim else ""
