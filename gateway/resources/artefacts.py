"""`/v1/models/{model}/versions/{version}/artefact`: a version to take along, as a worker makes it when it is first
asked for."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Final

from falcon import HTTP_304
from falcon.asgi import Request, Response

from gateway.commit.dispatch import Dispatcher
from gateway.commit.outcomes import Outcomes
from gateway.identity.auth import requires
from gateway.web.addresses import task_path
from gateway.web.head import HEAD
from gateway.web.headers import request_id, wait_seconds
from gateway.web.parameters import single_values
from gateway.web.representations import show_accepted, show_outcome
from gateway.web.tracing import trace_of
from tasks.contract import CURRENT, EXPORT, FORM_KINDS, Form, Lane, State
from tasks.errors import UnknownTask, UnknownVersion
from tasks.ledger.groups import Current, Head
from tasks.ledger.outcomes import Outcome
from tasks.registry.aliases import Aliases
from tasks.registry.exports import Exports
from tasks.registry.models_registry import Registry
from tasks.registry.names import check_name, form_of

#: Who may take a model along: who may make its versions. Who may only ask it may not.
TAKING: Final = ("train", "models:write")
#: A number of more digits is none.
_DIGITS: Final = 9


class ArtefactResource:
    """A version in a form to take along."""

    def __init__(
        self,
        registry: Registry,
        aliases: Aliases,
        exports: Exports,
        *,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        max_wait: int,
    ) -> None:
        """`max_wait`: how long a request waits for what is not made yet (seconds)."""
        self._registry = registry
        self._aliases = aliases
        self._exports = exports
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._max_wait = max_wait

    @requires(TAKING)
    async def on_get(self, req: Request, resp: Response, model: str, version: str) -> None:
        """The worker's bytes; 304 to who has them, 202 and the task that makes them if that takes longer than the
        request waits, the task's error as a problem."""
        form = form_of(single_values(req, known=("format",)).get("format", Form.ZIP.value))
        seconds = wait_seconds(req.get_header("Prefer"), limit=self._max_wait)
        found = await asyncio.to_thread(self._find, check_name(model), version)
        task, outcome = await self._made(model, found, form)
        if task is None:
            task = await self._make(req, model, found, form)
        # What would be waited for is not sent.
        if outcome is None and req.method != HEAD:
            outcome = await self._outcomes.wait(task, seconds=self._max_wait if seconds is None else seconds)
            await req.context.authenticator.admit_again(req, resp)
            if seconds is not None:
                resp.set_header("Preference-Applied", f"wait={seconds:g}")
        if outcome is None:
            resp.set_header("Location", task_path(req.root_path, task))
            state = await self._outcomes.state(task, known=State.QUEUED)
            show_accepted(resp, task, model=model, root=req.root_path, state=state)
            return
        await _show(req, resp, outcome, name=f"{model}-{found.version}.{form.value}", task=task)

    async def _made(self, model: str, version: Current, form: Form) -> tuple[str | None, Outcome | None]:
        """(the task that makes or has made it, its result if it has); None where there is none that is of use."""
        task = await asyncio.to_thread(self._exports.task, model, version, form)
        if task is None:
            return None, None
        try:
            # Its result may be gone before it is forgotten here: where Redis is short of memory, say.
            await self._outcomes.task(task, owner=None)
        except UnknownTask:
            return None, None
        outcome = await self._outcomes.outcome(task)
        return (task, outcome) if outcome is None or outcome.state is State.SUCCEEDED else (None, None)

    async def _make(self, req: Request, model: str, version: Current, form: Form) -> str:
        """Have a worker make it. Returns the task."""
        principal = req.context.principal
        head = Head(
            owner=principal.name,
            model=model,
            query={EXPORT: form.value, "version": str(version.version)},
            request_id=request_id(req),
            trace=trace_of(req),
            account=principal.account,
        )
        ticket = await self._dispatcher.submit(
            FORM_KINDS[form], Lane.HIGH, head=head, body=b"", waits=False, most=principal.quota.queued_items
        )
        await asyncio.to_thread(self._exports.note, model, version, form, task=ticket.handle)
        return ticket.handle

    def _find(self, model: str, text: str) -> Current:
        """The version of this number or alias. Raises UnknownModel, UnknownVersion, ModelNotTrained."""
        if text == CURRENT:
            number = self._registry.current(model)
            if number is None:
                self._registry.check(model)
                raise self._registry.not_trained(model)
            return Current(number, self._registry.identity(model, number))
        if not (text.isascii() and text.isdigit()):
            self._registry.check(model)
            return self._aliases.find(model, text)
        if len(text) > _DIGITS:
            raise UnknownVersion(f"the model {model} has no version {text[:40]}")
        self._registry.check_version(model, int(text))
        return Current(int(text), self._registry.identity(model, int(text)))


async def _show(req: Request, resp: Response, outcome: Outcome, *, name: str, task: str) -> None:
    if outcome.state is State.SUCCEEDED:
        digest = (await asyncio.to_thread(hashlib.sha256, outcome.body)).hexdigest()
        resp.etag = digest
        # It never changes, but is only for those who may have the model.
        resp.set_header("Cache-Control", "private, no-cache")
        if any(tag in ("*", digest) for tag in req.if_none_match or ()):
            resp.status = HTTP_304
            return
        resp.set_header("Content-Location", f"{task_path(req.root_path, task)}/result")
        resp.set_header("Content-Disposition", f'attachment; filename="{name}"')
    show_outcome(resp, outcome, instance=task_path(req.root_path, task))
