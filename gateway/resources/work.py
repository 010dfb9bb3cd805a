"""`POST /v1/models/{model}/init|train|estimate`: accept work, and wait for it if the caller prefers that."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from operator import attrgetter
from typing import Final

from falcon import HTTP_200
from falcon.asgi import Request, Response

from gateway.commit.dispatch import ALONE, Dispatcher
from gateway.commit.gathering import Ticket
from gateway.commit.known_requests import Known, KnownRequests
from gateway.commit.outcomes import Outcomes
from gateway.commit.submitted import SUBMITTED, Submitted
from gateway.identity.auth import bearer, requires
from gateway.identity.tokens import Principal
from gateway.resources.submitting import PARAMETERS, deadline_seconds, lane_of, query_of
from gateway.web.addresses import task_path
from gateway.web.bodies import read_body
from gateway.web.headers import (
    accepted,
    body_type,
    content_coding,
    media_type,
    request_id,
    wait_seconds,
    without_boundary,
)
from gateway.web.representations import show_accepted, show_outcome
from gateway.web.tracing import trace_of
from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import InvalidField, UnsupportedMediaType
from tasks.ledger.acceptance import Idempotency
from tasks.ledger.groups import Head
from tasks.ledger.telling import ASKED
from tasks.registry.names import check_name

#: Longest Idempotency-Key, in characters.
KEY_LENGTH: Final = 255


class Work:
    """Submits work of one kind. The body is handed on unread."""

    def __init__(
        self,
        kind: Kind,
        *,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        settings: Settings,
        known: KnownRequests | None = None,
        clock: Callable[[], float] = time.time,
        check_webhook: Callable[[Principal, str], Awaitable[None]] | None = None,
    ) -> None:
        """`known`: where it is noted what requests ask for. `clock`: the one by which work is timed (seconds since the
        epoch). `check_webhook` raises InvalidField for a webhook that the caller cannot ask for."""
        self._kind = kind
        self._clock = clock
        self._check_webhook = check_webhook
        self._known = known
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._max_body = settings.max_body_bytes
        self._max_wait = settings.max_wait_seconds
        self._key_life = settings.result_life_seconds
        self.scope = kind.value

    @requires(attrgetter("scope"))
    async def on_post(self, req: Request, resp: Response, model: str) -> None:
        """202 and a handle; or 200 and the result, if it comes within `Prefer: wait=N`."""
        head = self._head(req, check_name(model))
        lane = lane_of(req)
        seconds = wait_seconds(req.get_header("Prefer"), limit=self._max_wait)
        if ASKED in head.query and self._check_webhook is not None:
            await self._check_webhook(req.context.principal, head.query[ASKED])
        body = await read_body(req, limit=self._max_body)
        before: Submitted | None = req.scope.get(SUBMITTED)
        if before is None:
            self._note(req, head, lane=lane, seconds=seconds)
            ticket = await self._submit(req, head, body, lane=lane, waits=seconds is not None)
        else:
            ticket = before.outcome()
        address = task_path(req.root_path, ticket.handle)
        resp.set_header("Location", address)
        if seconds is not None:
            left = seconds - (before.waited if before else 0.0)
            outcome = await self._outcomes.wait(ticket.handle, seconds=left, reply=ticket.reply)
            known = await req.context.authenticator.is_still_admitted(req, resp)
            resp.set_header("Preference-Applied", f"wait={seconds:g}")
            if outcome is not None and known:
                resp.status = HTTP_200
                show_outcome(resp, outcome, instance=address)
                return
            state = await self._outcomes.state(ticket.handle, known=State.QUEUED)
        else:
            state = State.QUEUED
        show_accepted(resp, ticket.handle, model=model, root=req.root_path, state=state)

    async def _submit(self, req: Request, head: Head, body: bytes, *, lane: Lane, waits: bool) -> Ticket:
        once = self._once(req, head, body=body)
        most = req.context.principal.quota.queued_items
        return await self._dispatcher.submit(self._kind, lane, head=head, body=body, waits=waits, once=once, most=most)

    def _note(self, req: Request, head: Head, *, lane: Lane, seconds: float | None) -> None:
        """Note what the request asks for, if the next one like it may be taken without looking."""
        if self._known is None or head.deadline is not None or seconds == 0 or not ALONE.isdisjoint(head.query):
            return
        token = bearer(req.get_header("Authorization")) or ""
        self._known.remember(req.scope, Known(token, req.context.principal, lane, head, seconds))

    def _once(self, req: Request, head: Head, *, body: bytes) -> Idempotency | None:
        """What `Idempotency-Key` says: the same key with the same request gives the same task."""
        key = req.get_header("Idempotency-Key")
        if key is None:
            return None
        if not (0 < len(key) <= KEY_LENGTH and key.isascii() and key.isprintable()):
            raise InvalidField(f"Idempotency-Key must have 1 to {KEY_LENGTH} printable ASCII characters")
        said = [self._kind.value, head.model, head.media.value, head.accept.value, sorted(req.params.items())]
        kind, body = without_boundary(head.content_type, body)
        said += [part for part in (head.coding and head.coding.value, kind) if part]
        digest = hashlib.sha256(repr(said).encode() + b"\0" + body).hexdigest()
        account = req.context.principal.account
        return Idempotency(owner=head.owner, account=account, key=key, digest=digest, life_seconds=self._key_life)

    def _head(self, req: Request, model: str) -> Head:
        media, said = self._body_type(req)
        return Head(
            owner=req.context.principal.name,
            model=model,
            media=media,
            content_type=said,
            coding=content_coding(req.get_header("Content-Encoding")),
            accept=accepted(req.get_header("Accept")) if self._kind is Kind.ESTIMATE else Media.JSON,
            deadline=self._deadline(req),
            query=query_of(req, known=PARAMETERS[self._kind]),
            request_id=request_id(req),
            trace=trace_of(req),
            account=req.context.principal.account,
        )

    def _deadline(self, req: Request) -> float | None:
        seconds = deadline_seconds(req)
        return None if seconds is None else self._clock() + seconds

    def _body_type(self, req: Request) -> tuple[Media, str]:
        if self._kind is not Kind.TRAIN:
            return body_type(req.content_type)
        if req.content_type is not None and media_type(req.content_type) is not Media.JSON:
            raise UnsupportedMediaType("the body of a train is JSON: send Content-Type: application/json")
        return Media.JSON, ""
