"""Estimates that are answered in the request that asks for them, as callers need who know nothing of tasks."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from falcon.asgi import Request, Response

from gateway.commit.dispatch import ALONE, Dispatcher
from gateway.commit.known_requests import Fields, Known, KnownRequests, named
from gateway.commit.outcomes import Outcomes
from gateway.commit.submitted import SUBMITTED, Submitted
from gateway.identity.auth import bearer
from gateway.resources.submitting import deadline_seconds, lane_of
from gateway.web.addresses import asked_path, task_path
from gateway.web.bodies import read_body
from gateway.web.headers import request_id
from gateway.web.representations import show_outcome
from gateway.web.tracing import trace_of
from tasks.config.settings import Settings
from tasks.contract import Coding, Kind, Media, State
from tasks.errors import Unavailable
from tasks.ledger.groups import Head

#: Gives what the head has of the request that has these fields.
Told = Callable[[Fields], dict[str, str]]


class Immediate:
    """Submits estimates and waits for the end of each, as long as a request may wait."""

    def __init__(
        self,
        *,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        settings: Settings,
        known: KnownRequests | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`known`: where it is noted what requests ask for. `clock`: the one by which work is timed (seconds since the
        epoch)."""
        self._dispatcher, self._outcomes, self._known, self._clock = dispatcher, outcomes, known, clock
        self._max_body = settings.max_body_bytes
        self._max_wait = settings.max_wait_seconds

    async def answer(
        self,
        req: Request,
        resp: Response,
        *,
        model: str,
        media: Media,
        content_type: str = "",
        coding: Coding | None,
        query: dict[str, str],
        told: Told | None = None,
    ) -> None:
        """200 with the result, or the error. `told`: what the head has of the request at hand.

        Raises Unavailable if there is no worker for it in time; nobody asks for the result later.
        """
        asked = req.context.principal
        head = Head(
            owner=asked.name,
            account=asked.account,
            model=model,
            media=media,
            content_type=content_type,
            coding=coding,
            query=query,
            request_id=request_id(req),
            trace=trace_of(req),
        )
        lane, seconds = lane_of(req), min(deadline_seconds(req) or self._max_wait, self._max_wait)
        renewal = partial(self._renewed, told, seconds)
        body = await read_body(req, limit=self._max_body)
        before: Submitted | None = req.scope.get(SUBMITTED)
        if before is None:
            if self._known is not None and ALONE.isdisjoint(query):
                token = bearer(req.get_header("Authorization")) or ""
                self._known.remember(req.scope, Known(token, asked, lane, head, seconds, renewal, prefers=False))
            head, most = renewal(head, dict(req.scope["headers"])), asked.quota.queued_items
            ticket = await self._dispatcher.submit(Kind.ESTIMATE, lane, head=head, body=body, waits=True, most=most)
        else:
            ticket = before.outcome()
        left = seconds - (before.waited if before else 0.0)
        outcome = await self._outcomes.wait(ticket.handle, seconds=left, reply=ticket.reply)
        await req.context.authenticator.admit_again(req, resp)
        if outcome is None or outcome.state is State.EXPIRED:
            raise Unavailable(f"no worker had time for this estimate within {seconds:g} s; try again")
        resp.set_header("Location", task_path(req.root_path, ticket.handle))
        show_outcome(resp, outcome, instance=asked_path(req))

    def _renewed(self, told: Told | None, seconds: float, head: Head, fields: Fields) -> Head:
        own = told(fields) if told is not None else {}
        return named(head, fields, deadline=self._clock() + seconds, **own)
