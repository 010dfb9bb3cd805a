"""`/v1/webhooks`: who is told what happens. Each account has its own; `admin` sees all."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from falcon import HTTP_201, HTTP_204
from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.identity.tokens import Principal
from gateway.resources.hooks import SCOPE, Hooks, sees
from gateway.web.addresses import webhook_path
from gateway.web.parameters import single_values
from gateway.web.representations import show
from gateway.web.small_bodies import read_json
from tasks.errors import InvalidField
from tasks.webhooks.asked import LATER, NEW, read_asked
from tasks.webhooks.records import KINDS, Webhook, new_id
from tasks.webhooks.signing import Secret, check_secret, new_secret


class WebhooksResource:
    """All webhooks that the caller sees."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @requires(SCOPE)
    async def on_get(self, req: Request, resp: Response) -> None:
        """Its account's own; all, for `admin`. The oldest first."""
        single_values(req, known=())

        def look() -> list[dict[str, Any]]:
            found = self._hooks.webhooks.all()
            return [self._hooks.document(one, root=req.root_path) for one in found if sees(req.context.principal, one)]

        show(resp, {"webhooks": await asyncio.to_thread(look)})

    @requires(SCOPE)
    async def on_post(self, req: Request, resp: Response) -> None:
        """201, with the secret that is shown this once."""
        asked = read_asked(await read_json(req, absent={}), known=NEW)
        principal: Principal = req.context.principal
        await self._hooks.check(principal, asked)
        secret = asked.secret or new_secret()

        def add() -> Webhook:
            made = Webhook(
                id=new_id(),
                url=asked.url or "",
                owner=principal.name,
                account=principal.account,
                since=principal.owns_since,
                scopes=tuple(sorted(principal.scopes)),
                events=asked.events or (),
                kinds=asked.kinds or KINDS,
                models=asked.models or (),
                description=asked.description or "",
                secrets=(Secret(secret),),
                created_at=self._hooks.webhooks.now(),
            )
            self._hooks.webhooks.add(made)
            return made

        made = await asyncio.to_thread(add)
        self._hooks.ring()
        resp.status = HTTP_201
        resp.set_header("Location", webhook_path(req.root_path, made.id))
        _show_secret(resp, await asyncio.to_thread(self._hooks.document, made, root=req.root_path, secret=secret))


class WebhookResource:
    """One webhook."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @requires(SCOPE)
    async def on_get(self, req: Request, resp: Response, webhook: str) -> None:
        """What it hears of, and whether it does."""
        found = await self._hooks.one(req, webhook)
        show(resp, await asyncio.to_thread(self._hooks.document, found, root=req.root_path))

    @requires(SCOPE)
    async def on_patch(self, req: Request, resp: Response, webhook: str) -> None:
        """Change what is given; `enabled` ends it for now, or has it go on."""
        old = await self._hooks.one(req, webhook)
        asked = read_asked(await read_json(req), known=LATER)
        if asked.models is not None and asked.events is None:
            # What it hears of is judged for the models that it names.
            asked = msgspec.structs.replace(asked, events=old.events)
        await self._hooks.check(req.context.principal, asked)
        changed = await asyncio.to_thread(self._hooks.webhooks.change, webhook, asked.changed)
        self._hooks.ring()
        show(resp, await asyncio.to_thread(self._hooks.document, changed, root=req.root_path))

    @requires(SCOPE)
    async def on_delete(self, req: Request, resp: Response, webhook: str) -> None:
        """Remove it, with what waits for it."""
        await self._hooks.one(req, webhook)
        await asyncio.to_thread(self._hooks.webhooks.remove, webhook)
        resp.status = HTTP_204


class SecretResource:
    """Another secret for a webhook."""

    def __init__(self, hooks: Hooks) -> None:
        self._hooks = hooks

    @requires(SCOPE)
    async def on_post(self, req: Request, resp: Response, webhook: str) -> None:
        """200, with the secret that is shown this once; the one before signs beside it for a day, if it may."""
        await self._hooks.one(req, webhook)
        body = await read_json(req, absent={})
        if not isinstance(body, dict) or body.keys() - {"secret", "at_once"}:
            raise InvalidField("the body may be left out, or say secret and at_once").at("")
        at_once = body.get("at_once", False)
        if not isinstance(at_once, bool):
            raise InvalidField("at_once must be true or false").at("/at_once")
        secret = check_secret(body["secret"]) if "secret" in body else new_secret()

        def rotate() -> dict[str, Any]:
            changed = self._hooks.webhooks.rotate(webhook, secret, at_once=at_once)
            return self._hooks.document(changed, root=req.root_path, secret=secret)

        _show_secret(resp, await asyncio.to_thread(rotate))


def _show_secret(resp: Response, document: dict[str, Any]) -> None:
    resp.set_header("Cache-Control", "no-store")
    show(resp, document)
