"""What is told of a thing that happened: the payload, and the name of the message.

The same thing gives the same message each time it is looked at, so that who delivers may be killed in between.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from tasks.contract import Kind, State
from tasks.ledger.groups import Head, read_heads
from tasks.ledger.outcomes import Failure, is_given_up, read_failure, read_reply
from tasks.registry.history import Fact
from tasks.webhooks.happenings import ENDINGS, Event

#: The fields of a group's record that are read.
GROUP_FIELDS: Final = ("kind", "lane", "heads", "states", "submitted_at", "started_at", "finished_at", "bodies")
#: The states by the letter that stands for them in a record.
_STATES: Final = {ord(state.value[0]): state for state in State if state.final}
#: Characters of the digest in a message's name.
_DIGEST: Final = 32

_encode = msgspec.json.Encoder().encode
read_fact = msgspec.json.Decoder(Fact).decode


class Happening(NamedTuple):
    """Something that may be told."""

    event: Event
    #: What the receiver knows the message by.
    message: str
    payload: str
    model: str
    #: Of what happened to a task: its kind, its head, and when it was asked for.
    kind: Kind | None = None
    head: Head | None = None
    asked_at: float = 0.0


def of_group(group: str, record: dict[str, Any], outcomes: bytes | None, *, root: str = "") -> Iterator[Happening]:
    """How the items of a group have ended; `record` has GROUP_FIELDS, `outcomes` is needed where some have failed.
    `root`: what the service's paths begin with."""
    heads = read_heads(record["heads"])
    failures: list[Failure | None] = [None] * len(heads)
    letters: set[int] = set()
    for index, outcome in enumerate(read_reply(outcomes).outcomes if outcomes else ()):
        if outcome.state is not State.SUCCEEDED:
            failures[index] = read_failure(outcome.body)
        if record["bodies"] and is_given_up(outcome):
            letters.add(index)
    submitted = float(record["submitted_at"])
    for index, head in enumerate(heads):
        task = _task(f"{group}-{index}", record, head, _STATES[record["states"][index]], failures[index])
        task["links"] = {"self": f"{root}/v1/tasks/{task['id']}", "result": f"{root}/v1/tasks/{task['id']}/result"}
        events = [ENDINGS[task["state"]], *([Event.DEAD_LETTER_CREATED] if index in letters else ())]
        for event in events:
            data = task | ({"owner": head.owner} if event is Event.DEAD_LETTER_CREATED else {})
            yield Happening(
                event,
                message_id(event, task["id"]),
                payload(event, float(record["finished_at"]), data),
                head.model,
                kind=Kind(record["kind"].decode()),
                head=head,
                asked_at=head.asked_at or submitted,
            )


def of_fact(model: str, noted: bytes, *, root: str = "") -> Iterator[Happening]:
    """What a line of a model's history tells: a new version, another current one."""
    fact = read_fact(noted)
    data = {
        "model": model,
        "version": fact.version,
        "promoted": fact.promoted or fact.what == "promoted",
        "who": fact.who,
        "why": fact.why or None,
        "task": fact.task or None,
        "links": {"self": f"{root}/v1/models/{model}/versions/{fact.version}", "model": f"{root}/v1/models/{model}"},
    }
    if fact.what == "version":
        yield _of_model(Event.VERSION_CREATED, model, noted, fact, data)
    if fact.what == "promoted" or fact.promoted:
        yield _of_model(Event.VERSION_PROMOTED, model, noted, fact, data)


def payload(event: str, at: float, data: dict[str, Any]) -> str:
    """The text that is sent and signed."""
    return _encode({"type": event, "timestamp": _time(at), "data": data}).decode()


def message_id(event: str, what: str) -> str:
    """The name of the message that tells this of that."""
    return f"msg_{hashlib.sha256(f'{event} {what}'.encode()).hexdigest()[:_DIGEST]}"


def _of_model(event: Event, model: str, noted: bytes, fact: Fact, data: dict[str, Any]) -> Happening:
    name = message_id(event, f"{model} {noted.decode()}")
    return Happening(event, name, payload(event, fact.at, data), model)


def _task(handle: str, record: dict[str, Any], head: Head, state: State, failed: Failure | None) -> dict[str, Any]:
    return {
        "id": handle,
        "kind": record["kind"].decode(),
        "model": head.model,
        "state": state,
        "lane": record["lane"].decode(),
        "request_id": head.request_id or None,
        "submitted_at": _time(float(record["submitted_at"])),
        "started_at": _time(float(record["started_at"])) if record["started_at"] else None,
        "finished_at": _time(float(record["finished_at"])),
        # What was found in a table may be long, and is in the result.
        "error": {"type": failed.type, "detail": failed.detail, "pointer": failed.pointer} if failed else None,
    }


def _time(seconds: float) -> str:
    """RFC 3339, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
