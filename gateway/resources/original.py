"""`/resource/*`: the routes of the original service, so that its clients go on working.

They serve one model, the default one of the settings. Their errors are `{"status": TEXT}` (`gateway/web/manners.py`).
"""

from __future__ import annotations

from operator import attrgetter
from typing import Final

import msgspec
from falcon import HTTP_202, HTTP_204
from falcon.asgi import Request, Response

from gateway.commit.dispatch import Dispatcher
from gateway.commit.outcomes import Outcomes
from gateway.identity.auth import public, requires
from gateway.resources.immediate import Immediate
from gateway.resources.tasks import owner_filter
from gateway.resources.tokens import TokenResource
from gateway.web.addresses import status_path
from gateway.web.head import acts
from gateway.web.headers import body_type, content_coding, request_id
from gateway.web.representations import show
from gateway.web.tracing import trace_of
from tasks.config.settings import Settings
from tasks.config.values import PREFIX
from tasks.contract import Kind, Lane, State
from tasks.errors import SettingsError, UnknownTask, WorkFailed
from tasks.ledger.groups import Head
from tasks.ledger.outcomes import read_failure

#: What a task that is not over is called.
WORDS: Final = {State.QUEUED: "Pending...", State.RUNNING: "In progress...", State.SUCCEEDED: "Done"}


class AuthResource:
    """`GET /resource/auth`."""

    def __init__(self, tokens: TokenResource) -> None:
        self._tokens = tokens

    @public
    async def on_get(self, req: Request, resp: Response) -> None:
        """200 with `{"token": TOKEN}` for HTTP Basic credentials, checked as `POST /v1/token` checks them."""
        await self._tokens.on_post(req, resp)
        show(resp, {"token": msgspec.json.decode(resp.data or b"")["access_token"]})


class InitResource:
    """`GET /resource/init`."""

    def __init__(self, settings: Settings, *, dispatcher: Dispatcher, outcomes: Outcomes) -> None:
        self.model = settings.default_model
        self._settings = settings
        self._dispatcher = dispatcher
        self._outcomes = outcomes

    @acts
    @requires("init", model=attrgetter("model"))
    @requires("train", model=attrgetter("model"))
    async def on_get(self, req: Request, resp: Response) -> None:
        """Read the default source and train the default model on it, as one piece of work.

        204 when that is done; 202 and a `Location` at once with `?async=true`, and also where it takes longer than the
        longest wait. Raises SettingsError if no source is set, WorkFailed with what went wrong.
        """
        wait = not req.get_param_as_bool("async", default=False)
        head = self._head(req)
        most = req.context.principal.quota.queued_items
        ticket = await self._dispatcher.submit(Kind.TRAIN, Lane.NORMAL, head=head, body=b"", waits=wait, most=most)
        seconds = self._settings.max_wait_seconds
        outcome = await self._outcomes.wait(ticket.handle, seconds=seconds, reply=ticket.reply) if wait else None
        known = await req.context.authenticator.is_still_admitted(req, resp)
        if outcome is None or not known:
            resp.status = HTTP_202
            resp.set_header("Location", status_path(req.root_path, ticket.handle))
        elif outcome.state is State.SUCCEEDED:
            resp.status = HTTP_204
        else:
            # The request said nothing that could be wrong: whatever it was, the service is at fault.
            raise WorkFailed(read_failure(outcome.body).detail)

    def _head(self, req: Request) -> Head:
        source, target = self._settings.default_source, self._settings.default_target
        if not source:
            raise SettingsError(f"there is no source to learn from: set {PREFIX}DEFAULT_SOURCE to one of the sources")
        return Head(
            owner=req.context.principal.name,
            account=req.context.principal.account,
            model=self.model,
            query={"source": source, "target": target},
            request_id=request_id(req),
            trace=trace_of(req),
        )


class PredictResource:
    """`POST /resource/predict`."""

    def __init__(self, immediate: Immediate, model: str) -> None:
        self.model = model
        self._immediate = immediate

    @requires("estimate", model=attrgetter("model"))
    async def on_post(self, req: Request, resp: Response) -> None:
        """200 with the estimate as JSON; 424 before the init. Raises Unavailable if there is no worker for it in
        time."""
        media, said = body_type(req.content_type)
        await self._immediate.answer(
            req,
            resp,
            model=self.model,
            media=media,
            content_type=said,
            coding=content_coding(req.get_header("Content-Encoding")),
            query={},
        )


class StatusResource:
    """`GET /resource/task/status/{task_id}`."""

    def __init__(self, outcomes: Outcomes) -> None:
        self._outcomes = outcomes

    @requires("tasks:read")
    async def on_get(self, req: Request, resp: Response, task_id: str) -> None:
        """200 with `{"done": true or false, "status": TEXT}`; the text of a task that failed is its error."""
        task, _ = await self._outcomes.task(task_id, owner=owner_filter(req))
        status = WORDS.get(task.state)
        if status is None:
            outcome = await self._outcomes.outcome(task_id)
            if outcome is None:
                raise UnknownTask(f"there is no task {task_id}, or its result is no longer kept")
            status = read_failure(outcome.body).detail
        show(resp, {"done": task.state.final, "status": status})
