"""`/v1/webhooks/{webhook}/deliveries`: what became of the messages of a webhook, and sending one again."""

from __future__ import annotations

import asyncio

from falcon import HTTP_202
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.resources.hooks import SCOPE, Hooks
from gateway.web.addresses import next_page
from gateway.web.parameters import one_of, page_limit, single_values
from gateway.web.representations import show
from gateway.web.webhook_documents import delivery_document
from tasks.webhooks.records import Progress


class PingResource:
    """A message that says nothing."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @requires(SCOPE)
    async def on_post(self, req: Request, resp: Response, webhook: str) -> None:
        """202: it is on its way; the deliveries say what became of it."""
        await self._hooks.one(req, webhook)
        made = await asyncio.to_thread(self._hooks.journal.ping, webhook)
        self._hooks.ring()
        resp.status = HTTP_202
        resp.set_header("Retry-After", "1")
        show(resp, delivery_document(webhook, made, root=req.root_path))


class DeliveriesResource:
    """What became of the messages of a webhook."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @requires(SCOPE)
    async def on_get(self, req: Request, resp: Response, webhook: str) -> None:
        """A page of them, the newest first; `next` is where the list goes on."""
        await self._hooks.one(req, webhook)
        given = single_values(req, known=("limit", "after", "state"))
        found, after = await asyncio.to_thread(
            self._hooks.journal.page,
            webhook,
            limit=page_limit(given.get("limit")),
            after=given.get("after"),
            progress=one_of(Progress, given, "state"),
        )
        following = next_page(req, given, after=after) if after else None
        shown = [delivery_document(webhook, one, root=req.root_path) for one in found]
        show(resp, {"deliveries": shown, "next": following})


class RedeliveryResource:
    """A message once more."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @requires(SCOPE)
    async def on_post(self, req: Request, resp: Response, webhook: str, message: str) -> None:
        """202: it is on its way, as the same message."""
        await self._hooks.one(req, webhook)
        again = await asyncio.to_thread(self._hooks.journal.replay, webhook, message)
        self._hooks.ring()
        resp.status = HTTP_202
        resp.set_header("Retry-After", "1")
        show(resp, delivery_document(webhook, again, root=req.root_path))
