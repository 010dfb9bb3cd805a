"""What is kept of a model: its snapshot, its versions. Schemas pass through unread."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from tasks.registry.curve import Curve, read_curve
from tasks.registry.latency import Latency
from tasks.registry.lineage import Lineage
from tasks.registry.measured import Decision, Measured
from tasks.registry.searched import Searched


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
    #: The options that the estimator names beside the service's own, with its defaults.
    options: dict[str, Any] = {}
    #: How many rows measure.
    holdout_rows: int
    #: How many rows stop the fit and choose; 0 where those that measure do.
    validation_rows: int = 0
    target: str
    problem: str
    #: Blob of the plan of its columns (JSON); empty if an earlier release stored it and no train has made one since.
    plan: str = ""
    #: The source that it was read from, with the table or query of it, as `Asked.label` has it; empty if it came in a
    #: body.
    source: str = ""
    #: Seconds since the epoch.
    created_at: float


class Promotion(msgspec.Struct, frozen=True, kw_only=True):
    """What was decided when a version was stored, and why; later promotions do not change it."""

    #: False: it could not be compared with the current version, and was not promoted for that.
    decided: bool
    because: str


#: Of versions that were made before it was kept.
UNKNOWN_PROMOTION: Final = Promotion(decided=True, because="made before reasons were kept")


#: JSON in place of a schema that lies elsewhere.
NO_SCHEMA: Final = msgspec.Raw(b"null")
#: What a version was before it came into the service: one of a service of this kind, a model of MLflow, or LightGBM's
#: own text.
ImportKind = Literal["mlservice", "mlflow", "lightgbm"]


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version came from that was not trained here."""

    kind: ImportKind
    #: The file, folder or URL, as who imported it names it.
    source: str
    #: SHA-256 of what was sent.
    sha256: str
    #: Who imported it.
    who: str
    #: What it says of itself: the model and version that it was, the run that made it.
    told: dict[str, str] = {}


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """One trained version of a model. It never changes. Its curve is kept apart; `Registry.version` reads it too."""

    estimator: str
    #: What it predicts, and for which problem; empty in versions of earlier releases, whose schemas say it.
    target: str = ""
    problem: str = ""
    #: Blob of the schema (JSON).
    schema_blob: str = ""
    #: The schema itself, where an earlier release stored the version or `with_schema` has read it; else null.
    schema: msgspec.Raw = NO_SCHEMA
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
    #: Where it came from, if it was not trained here.
    imported: Imported | None = None
    #: What its train had to say beside the figures (JSON of a list of findings).
    findings: msgspec.Raw = msgspec.Raw(b"[]")
    #: What came of its search for params; None if none was asked for.
    search: Searched | None = None
    #: How long it takes for a row; None if no bound was asked for.
    latency: Latency | None = None
    #: None in versions of earlier releases.
    lineage: Lineage | None = None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What a list says of a version: the same fields as in its record, from which it is read where an earlier release
    stored the version."""

    metrics: dict[str, float] = {}
    created_at: float


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


_read_learned = msgspec.json.Decoder(Learned).decode
read_snapshot = msgspec.json.Decoder(Snapshot).decode
read_version = msgspec.json.Decoder(Version).decode


def read_whole_version(record: bytes, curve: bytes | None) -> Version:
    """A version with its curve, which is kept apart."""
    version = read_version(record)
    return msgspec.structs.replace(version, curve=read_curve(curve)) if curve else version


read_summary = msgspec.json.Decoder(Summary).decode


def read_learned(of: Snapshot | Version) -> Learned:
    """What is learned from data or by a version."""
    if isinstance(of, Version) and of.target:
        return Learned(of.target, of.problem)
    return _read_learned(of.schema)
