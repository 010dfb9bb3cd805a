"""What the gateway shows of tasks and models. `root`: the service's root path, with which addresses begin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from falcon import HTTP_202
from falcon.asgi import Response

from gateway.web.addresses import calling, dead_path, links, task_path
from gateway.web.errors import problem_from_wire
from gateway.web.result_media import media_headers
from tasks.contract import PROBLEM, Media, State
from tasks.ledger.dead_letters import DeadLetter
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome, read_failure
from tasks.registry.descriptions import ModelDescription, VersionDescription
from tasks.registry.history import Fact
from tasks.registry.lineage import Lineage, Period
from tasks.registry.listing import Listed
from tasks.registry.records import Snapshot, Version, read_learned

#: The header that says what was done with the rows of an estimate, where the body has no place for it.
NOTES: Final = "Notes"

_encode = msgspec.json.Encoder().encode


def show(resp: Response, document: Any) -> None:
    """Answer with a JSON document."""
    resp.data = _encode(document)
    resp.content_type = Media.JSON.value


def show_accepted(resp: Response, handle: str, *, model: str, root: str, state: State = State.QUEUED) -> None:
    """202: the work is accepted and not finished."""
    resp.status = HTTP_202
    resp.set_header("Retry-After", "1")
    resp.data = accepted_document(handle, model=model, root=root, state=state)
    resp.content_type = Media.JSON.value


def accepted_document(handle: str, *, model: str, root: str, state: State) -> bytes:
    """What is said of work that is not finished."""
    return _encode({"id": handle, "state": state, "links": links(handle, model=model, root=root)})


def show_outcome(resp: Response, outcome: Outcome, *, instance: str) -> None:
    """The worker's bytes unchanged; or the error, as a problem with its status."""
    body = outcome.body
    if outcome.state is State.SUCCEEDED:
        resp.data = body
        resp.content_type, more = media_headers(outcome.media)
        resp.set_headers({**more, NOTES: outcome.notes} if outcome.notes else dict(more))
        return
    resp.status, resp.data = problem_from_wire(read_failure(body), instance=instance)
    resp.content_type = PROBLEM


def task_document(task: Task, outcome: Outcome | None, *, root: str, ahead: int | None = None) -> dict[str, Any]:
    """A task as its owner sees it. The result is shown if it is JSON."""
    document: dict[str, Any] = {
        "id": task.id,
        "kind": task.kind,
        "model": task.model,
        "state": task.state,
        "lane": task.lane,
        "submitted_at": moment(task.submitted_at),
        "started_at": moment(task.started_at),
        "finished_at": moment(task.finished_at),
        "progress": task.progress,
        "retries": task.retries,
        "retry_error": task.retry_error,
        "result": None,
        "error": None,
        "links": links(task.id, model=task.model, root=root),
    }
    if task.state is State.QUEUED and ahead is not None:
        document["position"] = ahead + 1
    if outcome is not None:
        if outcome.state is not State.SUCCEEDED:
            document["error"] = msgspec.Raw(outcome.body)
        elif outcome.media == Media.JSON:
            document["result"] = msgspec.Raw(outcome.body)
    return document


def state_document(task: Task, *, ahead: int) -> dict[str, Any]:
    """A task's state, and since when."""
    document = {
        "id": task.id,
        "state": task.state,
        "at": moment(task.finished_at or task.started_at or task.submitted_at),
    }
    return document | ({"position": ahead + 1} if task.state is State.QUEUED else {})


def letter_document(letter: DeadLetter, *, root: str = "") -> dict[str, Any]:
    """A dead letter, without its body."""
    return {
        "id": letter.id,
        "owner": letter.owner,
        "kind": letter.kind,
        "model": letter.model,
        "lane": letter.lane,
        "submitted_at": moment(letter.submitted_at),
        "started_at": moment(letter.started_at),
        "finished_at": moment(letter.finished_at),
        "deliveries": letter.deliveries,
        "retries": letter.retries,
        "media": letter.media,
        "body_bytes": letter.body_bytes,
        "error": letter.error,
        "links": {"self": dead_path(root, letter.id), "task": task_path(root, letter.id)},
    }


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


def moment(seconds: float | None) -> str | None:
    """RFC 3339, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
