"""What the service shows of tasks over HTTP, as the records that it is made of."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from tasks.contract import PROBLEM, Kind, Lane, Media, State
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome

#: What stands where nothing is said.
NULL: Final = msgspec.Raw(b"null")


class TaskDocument(msgspec.Struct, frozen=True, kw_only=True):
    """A task as `GET /v1/tasks/{id}` shows it."""

    id: str
    kind: Kind
    model: str
    state: State
    lane: Lane
    submitted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: msgspec.Raw = NULL
    retries: int = 0
    retry_error: str | None = None
    result: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    #: Its place among what waits, from 1; None unless it waits.
    position: int | None = None

    def task(self) -> Task:
        """The record of it, whose owner is the caller."""
        submitted = self.submitted_at.timestamp()
        return Task(
            id=self.id,
            owner="",
            kind=self.kind,
            model=self.model,
            state=self.state,
            lane=self.lane,
            submitted_at=submitted,
            asked_at=submitted,
            started_at=seconds(self.started_at),
            finished_at=seconds(self.finished_at),
            progress=_told(self.progress),
            retries=self.retries,
            retry_error=self.retry_error,
        )

    def outcome(self) -> Outcome | None:
        """How it ended; None if it has not, or its result is one that only `/result` gives."""
        if not self.state.final:
            return None
        if self.state is not State.SUCCEEDED:
            return Outcome(self.state, PROBLEM, bytes(_told(self.error) or b"{}"))
        result = _told(self.result)
        return None if result is None else Outcome(self.state, Media.JSON.value, bytes(result))


class TaskPage(msgspec.Struct, frozen=True):
    """A page of tasks."""

    tasks: list[TaskDocument]


class Accepted(msgspec.Struct, frozen=True):
    """What is said of work that was accepted."""

    id: str


class Token(msgspec.Struct, frozen=True):
    """A token that was issued. `expires_in`: seconds."""

    access_token: str
    expires_in: float
    scope: str = ""


def seconds(at: datetime | None) -> float | None:
    """Seconds since the epoch."""
    return None if at is None else at.timestamp()


def _told(raw: msgspec.Raw) -> msgspec.Raw | None:
    """What is said, if it is not null."""
    return None if bytes(raw) == bytes(NULL) else raw


read_task = msgspec.json.Decoder(TaskDocument).decode
read_page = msgspec.json.Decoder(TaskPage).decode
read_accepted = msgspec.json.Decoder(Accepted).decode
read_token = msgspec.json.Decoder(Token).decode
