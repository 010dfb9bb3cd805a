"""What the gateway shows of models and versions."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from gateway.web.addresses import calling
from gateway.web.representations import moment
from tasks.registry.descriptions import ModelDescription, VersionDescription
from tasks.registry.history import Fact
from tasks.registry.lineage import Lineage, Period
from tasks.registry.listing import Listed
from tasks.registry.records import Snapshot, Version, read_learned

#: What a list of versions leaves out of each.
LONG: Final = ("curve", "importance", "findings", "search", "schema")


def model_document(model: ModelDescription, *, root: str) -> dict[str, Any]:
    """A model with its schema, the plan of its data and a line for each of its newest versions, the oldest first; where
    its data was deleted, as its last version was. `root`: the service's root path, for where it is called."""
    snapshot, described = model.snapshot, model.described
    learned = read_learned(described)
    return {
        "model": model.name,
        "estimator": described.estimator,
        "target": learned.target,
        "problem": learned.problem,
        "current": model.current,
        "aliases": model.aliases,
        "notes": model.notes.notes,
        "tags": model.notes.tags,
        "snapshot": _snapshot_document(snapshot) if snapshot else None,
        "schema": described.schema,
        "plan": msgspec.Raw(model.plan) if model.plan is not None else None,
        "params_schema": model.params_schema,
        "version_count": model.listed.total,
        "versions": version_lines(model.listed)[::-1],
        "links": calling(model.name, root=root),
    }


def version_lines(listed: Listed) -> list[dict[str, Any]]:
    """What a list says of each version."""
    return [
        {
            "version": number,
            "metrics": line.summary.metrics,
            "created_at": moment(line.summary.created_at),
            "tags": line.notes.tags,
        }
        for number, line in listed.versions.items()
    ]


def _snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "fingerprint": snapshot.fingerprint,
        "rows": snapshot.rows,
        "holdout_rows": snapshot.holdout_rows,
        "validation_rows": snapshot.validation_rows,
        "source": snapshot.source,
        "options": snapshot.options,
        "created_at": moment(snapshot.created_at),
    }


def fact_document(fact: Fact) -> dict[str, Any]:
    """What happened to a model."""
    return {
        "at": moment(fact.at),
        "what": fact.what,
        "who": fact.who,
        "why": fact.why or None,
        "version": fact.version,
        "alias": fact.alias or None,
        "promoted": fact.promoted,
        "task": fact.task or None,
    }


def version_document(described: VersionDescription) -> dict[str, Any]:
    """One version with all that is known of it; null where a release that stored it did not say."""
    version, periods = described.version, described.periods
    return {
        "model": described.model,
        "version": described.number,
        "current": described.current,
        "aliases": described.aliases,
        "notes": described.notes.notes,
        "tags": described.notes.tags,
        "current_periods": None if periods is None else [_period_document(period) for period in periods],
        "lineage": _lineage_document(version.lineage) if version.lineage else None,
        "estimator": version.estimator,
        "params": version.params,
        "params_used": version.params_used,
        "metrics": version.metrics,
        "measured": version.measured,
        "decision": _decision_document(version),
        "importance": version.importance,
        "curve": version.curve,
        "seconds": version.seconds,
        "fingerprint": version.fingerprint,
        "created_at": moment(version.created_at),
        "task": version.task or None,
        "promotion": version.promotion,
        "imported": version.imported,
        "findings": version.findings,
        **({} if version.search is None else {"search": version.search}),
        **({} if version.latency is None else {"latency": version.latency}),
        "schema": version.schema,
    }


def version_details(described: VersionDescription) -> dict[str, Any]:
    """The same as a list has it, without what is long."""
    return {name: value for name, value in version_document(described).items() if name not in LONG}


def _period_document(period: Period) -> dict[str, str | None]:
    return {"from": moment(period.since), "to": moment(period.until)}


def _lineage_document(lineage: Lineage) -> dict[str, Any]:
    code = lineage.code
    return {
        "who": lineage.who,
        "request_id": lineage.request_id or None,
        "code": {
            "service": code.service or None,
            "package": code.package or None,
            "version": code.version or None,
            "source_sha256": code.source or None,
        },
        "packages": lineage.packages,
        "from_version": lineage.from_version or None,
        **({"workers": lineage.workers} if lineage.workers else {}),
    }


def _decision_document(version: Version) -> dict[str, Any]:
    """Without the scores, which are many and mean nothing by themselves."""
    shown: dict[str, Any] = msgspec.to_builtins(version.decision)
    return {name: value for name, value in shown.items() if name != "scores"}
