"""`GET /v1/tasks/{id}` and `/v1/tasks/{id}/result`."""

from __future__ import annotations

from falcon.asgi import Request, Response

from gateway.accounts import allows
from gateway.auth import requires
from gateway.headers import wait_seconds
from gateway.outcomes import Outcomes
from gateway.representations import show, show_accepted, show_outcome, task_document
from tasks.groups import Outcome


class TaskResource:
    """A task's state; with `Prefer: wait=N`, a long poll for its end."""

    def __init__(self, outcomes: Outcomes, *, max_wait: int) -> None:
        self._outcomes = outcomes
        self._max_wait = max_wait

    @requires("tasks:read")
    async def on_get(self, req: Request, resp: Response, handle: str) -> None:
        """State, times, progress, and the result or error when it is finished."""
        owner = owner_filter(req)
        task, ahead = await self._outcomes.task(handle, owner=owner)
        outcome = await _outcome(self._outcomes, req, resp, handle=handle, limit=self._max_wait)
        if outcome is not None and not task.state.final:
            task, ahead = await self._outcomes.task(handle, owner=owner)
        if not task.state.final:
            resp.set_header("Retry-After", "1")
        show(resp, task_document(task, outcome, ahead=ahead))


class ResultResource:
    """A task's result, in the media type that was asked for when it was submitted."""

    def __init__(self, outcomes: Outcomes, *, max_wait: int) -> None:
        self._outcomes = outcomes
        self._max_wait = max_wait

    @requires("tasks:read")
    async def on_get(self, req: Request, resp: Response, handle: str) -> None:
        """The worker's bytes; the error as a problem; 202 while the work is not finished."""
        task, _ = await self._outcomes.task(handle, owner=owner_filter(req))
        outcome = await _outcome(self._outcomes, req, resp, handle=handle, limit=self._max_wait)
        if outcome is None:
            show_accepted(resp, handle, model=task.model, state=task.state)
        else:
            show_outcome(resp, outcome, instance=f"/v1/tasks/{handle}")


def owner_filter(req: Request) -> str | None:
    """Whose tasks the caller may see: their own; everybody's (None) for an administrator."""
    principal = req.context.principal
    return None if allows(principal.scopes, "admin") else principal.name


async def _outcome(outcomes: Outcomes, req: Request, resp: Response, *, handle: str, limit: int) -> Outcome | None:
    """How the task ended, if it has; waits for that if the caller prefers it."""
    seconds = wait_seconds(req.get_header("Prefer"), limit=limit)
    if seconds is None:
        return await outcomes.outcome(handle)
    resp.set_header("Preference-Applied", f"wait={seconds:g}")
    return await outcomes.wait(handle, seconds=seconds)
