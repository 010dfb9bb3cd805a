"""`/v1/tasks`, `/v1/tasks/{id}` and `/v1/tasks/{id}/result`."""

from __future__ import annotations

from typing import Final

from falcon import HTTP_202
from falcon.asgi import Request, Response

from gateway.commit.outcomes import Outcomes, check_owner
from gateway.identity.accounts import allows
from gateway.identity.auth import requires
from gateway.web.addresses import next_page, task_path
from gateway.web.head import HEAD
from gateway.web.headers import wait_seconds
from gateway.web.parameters import moment, one_of, page_limit, single_values
from gateway.web.representations import show, show_accepted, show_outcome, task_document
from tasks.contract import Kind, State
from tasks.errors import Conflict, Forbidden
from tasks.ledger.cancelling import TOO_LATE
from tasks.ledger.groups import Owner, Task
from tasks.ledger.outcomes import Outcome
from tasks.ledger.task_lists import Filter

#: The query parameters of a list.
PARAMETERS: Final = ("state", "kind", "model", "owner", "request_id", "since", "until", "limit", "after")
#: What `owner` says for the tasks of all owners; no account is called so.
ALL: Final = "*"


class TasksResource:
    """The caller's tasks; an administrator's, those of others or of all."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    @requires("tasks:read")
    async def on_get(self, req: Request, resp: Response) -> None:
        """Newest first, a page at a time; `next` is where the list goes on. Raises InvalidField, Forbidden."""
        given = single_values(req, known=PARAMETERS)
        wanted = Filter(
            listed_owner(req, given.get("owner", req.context.principal.name)),
            kind=one_of(Kind, given, "kind"),
            model=given.get("model"),
            state=one_of(State, given, "state"),
            since=moment(given, "since"),
            until=moment(given, "until"),
            request_id=given.get("request_id"),
        )
        found, after = await self._outcomes.list(wanted, limit=page_limit(given.get("limit")), after=given.get("after"))
        following = next_page(req, given, after=after) if after else None
        errors = await self._outcomes.errors(found)
        shown = [task_document(task, errors.get(task.id), root=req.root_path) for task in found]
        show(resp, {"tasks": shown, "next": following})


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
        outcome, waited = await _outcome(self._outcomes, req, resp, task=task, limit=self._max_wait)
        if not task.state.final and (waited or outcome is not None):
            task, ahead = await self._outcomes.task(handle, owner=owner_filter(req))
        if not task.state.final:
            resp.set_header("Retry-After", "1")
        show(resp, task_document(task, outcome, root=req.root_path, ahead=ahead))

    @requires()
    async def on_delete(self, req: Request, resp: Response, handle: str) -> None:
        """Cancel: 200 if the task is over, 202 if a worker has it and stops soon. Raises Conflict if it has ended
        otherwise, also while this was asked for."""
        owner = owner_filter(req)
        await self._outcomes.cancel(handle, owner=owner)
        task, ahead = await self._outcomes.task(handle, owner=owner)
        if task.state.final and task.state is not State.CANCELLED:
            raise Conflict(TOO_LATE)
        if not task.state.final:
            resp.status = HTTP_202
            resp.set_header("Retry-After", "1")
        outcome = await self._outcomes.outcome(handle)
        show(resp, task_document(task, outcome, root=req.root_path, ahead=ahead))


class ResultResource:
    """A task's result, in the media type that was asked for when it was submitted."""

    def __init__(self, outcomes: Outcomes, *, max_wait: int) -> None:
        self._outcomes = outcomes
        self._max_wait = max_wait

    @requires("tasks:read")
    async def on_get(self, req: Request, resp: Response, handle: str) -> None:
        """The worker's bytes; the error as a problem; 202 while the work is not finished."""
        task, _ = await self._outcomes.task(handle, owner=owner_filter(req))
        outcome, waited = await _outcome(self._outcomes, req, resp, task=task, limit=self._max_wait)
        if outcome is None:
            state = await self._outcomes.state(handle, known=task.state) if waited else task.state
            show_accepted(resp, handle, model=task.model, root=req.root_path, state=state)
        else:
            show_outcome(resp, outcome, instance=task_path(req.root_path, handle))


def owner_filter(req: Request) -> Owner | None:
    """Whose tasks the caller may see: their own; everybody's (None) for an administrator."""
    principal = req.context.principal
    return None if allows(principal.scopes, "admin") else Owner(principal.name, principal.account, principal.owns_since)


def listed_owner(req: Request, named: str) -> Owner | None:
    """Whose tasks are listed: those of the caller, or for an administrator those of whom is named; None: of all. Raises
    Forbidden."""
    own = owner_filter(req)
    if own is None:
        return None if named == ALL else Owner(named)
    if named != own.name:
        raise Forbidden("another owner's tasks are listed for the scope admin only")
    return own


async def _outcome(
    outcomes: Outcomes, req: Request, resp: Response, *, task: Task, limit: int
) -> tuple[Outcome | None, bool]:
    """(how the task ended, if it has; whether that was waited for). Waits if the caller prefers it, who then must still
    be one to see it."""
    # What would be waited for is not sent.
    seconds = None if req.method == HEAD else wait_seconds(req.get_header("Prefer"), limit=limit)
    if seconds is None:
        return await outcomes.outcome(task.id), False
    resp.set_header("Preference-Applied", f"wait={seconds:g}")
    outcome = await outcomes.wait(task.id, seconds=seconds)
    await req.context.authenticator.admit_again(req, resp)
    check_owner(task, owner_filter(req))
    return outcome, True
