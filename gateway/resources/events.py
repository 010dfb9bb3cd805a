"""`GET /v1/tasks/{id}/events`: server-sent events until the task is over."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import redis
from falcon import HTTP_204
from falcon.asgi import Request, Response, SSEvent

from gateway.commit.following import Follower, Watched
from gateway.commit.outcomes import Outcomes
from gateway.commit.sharing import Sharing
from gateway.identity.auth import requires
from gateway.resources.tasks import owner_filter
from gateway.web.addresses import asked_path
from gateway.web.errors import problem
from gateway.web.headers import writes_events
from gateway.web.representations import state_document, task_document
from tasks.contract import Kind, State
from tasks.errors import Forbidden, NotFound, Unauthenticated, Unavailable
from tasks.ledger.groups import Owner, Task, parse_handle
from tasks.ledger.outcomes import Outcome

#: While nothing happens, a comment is sent so often, and whether the caller may still watch is looked at (seconds).
QUIET_SECONDS: Final = 15.0
#: An estimate that waits may end while its group does not change, by its deadline: it is read so often (seconds).
WAITING_SECONDS: Final = 5.0
#: How soon a client comes again whose stream broke (ms).
RETRY_MILLISECONDS: Final = 1000
SCOPE: Final = "tasks:read"
#: The end of the last event's id.
_END: Final = "end"
#: A task, how much is ahead of it, how it ended.
_Look = tuple[Task, int, Outcome | None]
_encode = msgspec.json.Encoder().encode


class _Step(msgspec.Struct):
    """What is read of a progress object."""

    iteration: int = 0


@dataclass(frozen=True)
class Place:
    """How far a client has seen a task. Made from what Redis has alone, so that any process can go on from it.

    `step` is the iteration of the run that began at `started`; of queued work, which has none, its position.
    """

    state: str = ""
    started: str = ""
    step: str = ""

    def __str__(self) -> str:
        return f"{self.state}:{self.started}:{self.step}"

    @classmethod
    def parse(cls, text: str | None) -> Place:
        """The place that an event's id stands for; the beginning if it is none."""
        parts = (text or "").split(":")
        return cls(*parts) if len(parts) == len(cls.__dataclass_fields__) else cls()


class EventsResource:
    """A task's states, progress and end, as they come."""

    def __init__(self, outcomes: Outcomes, follower: Follower) -> None:
        self._outcomes = outcomes
        self._follower = follower
        self._sharing: Sharing[_Look] = Sharing()

    @requires(SCOPE)
    async def on_get(self, req: Request, resp: Response, handle: str) -> None:
        """Events `state`, `progress` and at last `result`; after `Last-Event-ID` what is new since. 204 if that was the
        last one. Raises UnknownTask, NotAcceptable."""
        task, _ = await self._outcomes.task(handle, owner=owner_filter(req))
        writes_events(req.get_header("Accept"))
        seen = Place.parse(req.get_header("Last-Event-ID"))
        if task.state.final and seen.step == _END:
            resp.status = HTTP_204
            return
        resp.set_header("Cache-Control", "no-store")
        resp.sse = self._events(req, resp, handle, seen)

    async def _events(self, req: Request, resp: Response, handle: str, seen: Place) -> AsyncIterator[SSEvent]:
        yield SSEvent(retry=RETRY_MILLISECONDS, comment=None)
        looked_at, patience = -1, QUIET_SECONDS
        with self._follower.watching(parse_handle(handle)[0]) as watched:
            while not self._follower.leaving:
                turn = watched.turn
                try:
                    req.context.principal = await req.context.authenticator.admit(req, resp, SCOPE)
                    if turn == looked_at and patience == QUIET_SECONDS:
                        yield SSEvent()
                        await watched.changed(turn, seconds=patience)
                        continue
                    task, ahead, outcome = await self._look(handle, owner_filter(req), watched)
                except (Unauthenticated, Forbidden, NotFound) as error:
                    yield SSEvent(event="error", data=problem(error, instance=asked_path(req)))
                    return
                except (redis.exceptions.RedisError, Unavailable):
                    # The client comes again, and finds out.
                    return
                quiet = True
                for place, event in news(task, seen, ahead=ahead):
                    seen, quiet = place, False
                    yield event
                if task.state.final:
                    document = task_document(task, outcome, root=req.root_path)
                    yield SSEvent(event="result", data=_encode(document), event_id=str(replace(seen, step=_END)))
                    return
                if quiet and watched.turn == turn == looked_at:
                    yield SSEvent()
                looked_at = turn
                is_waiting = task.kind is Kind.ESTIMATE and task.state is State.QUEUED
                patience = WAITING_SECONDS if is_waiting else QUIET_SECONDS
                await watched.changed(turn, seconds=patience)

    async def _look(self, handle: str, owner: Owner | None, watched: Watched) -> _Look:
        """One read of the record for all who watch the task. Not one that began before the last change was known: it
        may not hold it."""

        async def read() -> _Look:
            task, ahead = await self._outcomes.task(handle, owner=owner)
            return task, ahead, await self._outcomes.outcome(handle) if task.state.final else None

        return await self._sharing.once((handle, owner, watched.turn), read)


def news(task: Task, seen: Place, *, ahead: int) -> Iterator[tuple[Place, SSEvent]]:
    """The events after `seen`, each with the place after it."""
    started = f"{task.started_at:.3f}" if task.started_at else ""
    step = str(msgspec.json.decode(task.progress, type=_Step).iteration) if task.progress else ""
    position = str(ahead + 1) if task.state is State.QUEUED else None

    def state() -> Iterator[tuple[Place, SSEvent]]:
        nonlocal seen
        same = (task.state.value, started) == (seen.state, seen.started)
        if not same or position not in (None, seen.step):
            # Another run begins with its first iteration.
            kept = seen.step if started == seen.started and seen.state != State.QUEUED else ""
            seen = Place(task.state.value, started, position or kept)
            yield seen, SSEvent(event="state", data=_encode(state_document(task, ahead=ahead)), event_id=str(seen))

    def progress() -> Iterator[tuple[Place, SSEvent]]:
        nonlocal seen
        if task.progress and (started, step) != (seen.started, seen.step):
            seen = replace(seen, started=started, step=step)
            yield seen, SSEvent(event="progress", data=bytes(task.progress), event_id=str(seen))

    for part in (progress, state) if task.state.final else (state, progress):
        yield from part()
