"""What the gateway shows of tasks. `root`: the service's root path, with which addresses begin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from falcon import HTTP_202
from falcon.asgi import Response

from gateway.web.addresses import dead_path, links, task_path
from gateway.web.errors import problem_from_wire
from gateway.web.result_media import media_headers
from tasks.contract import PROBLEM, Media, State
from tasks.ledger.dead_letters import DeadLetter
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome, read_failure
from tasks.ledger.working import Work

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
        "owner": task.owner,
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
    if task.worker:
        document["worker"] = task.worker
    if task.query or task.asked:
        document["request"] = {"query": task.query, "body": _body(task.asked)}
    if outcome is not None:
        if outcome.state is not State.SUCCEEDED:
            document["error"] = msgspec.Raw(outcome.body)
        elif outcome.media == Media.JSON:
            document["result"] = msgspec.Raw(outcome.body)
    return document


def _body(asked: bytes) -> dict[str, Any] | None:
    """The wish of a train; None for what is none, as its task says."""
    try:
        return msgspec.json.decode(asked, type=dict[str, Any])
    except msgspec.DecodeError:
        return None


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


def work_document(work: Work, *, worker: str | None, root: str) -> dict[str, Any]:
    """A group that a worker has; `worker`: its name in its fleet, where that is known."""
    return {
        "kind": work.kind,
        "lane": work.lane,
        "models": work.models,
        "items": work.items,
        "started_at": moment(work.started_at),
        "worker": worker,
        "links": {"task": task_path(root, f"{work.group}-0")},
    }


def moment(seconds: float | None) -> str | None:
    """RFC 3339, in UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
