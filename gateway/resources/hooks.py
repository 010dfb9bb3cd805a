"""What the resources of webhooks have in common: whose they are, where they may lead, what may be heard."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, Final

import redis
from falcon.asgi import Request

from gateway.identity.scopes import VIEWING, allows
from gateway.identity.tokens import Principal
from gateway.web.webhook_documents import webhook_document
from gateway.wiring.ringing import ring
from tasks.config.settings import Settings
from tasks.errors import Forbidden, InvalidField, NotFound
from tasks.webhooks.addresses import Allowed, read_url, refusal, resolve
from tasks.webhooks.asked import Asked
from tasks.webhooks.happenings import OF_MODELS, Event
from tasks.webhooks.journal import Journal
from tasks.webhooks.records import Webhook
from tasks.webhooks.store import Webhooks, unknown

#: What whoever has webhooks may do: it hears of its tasks.
SCOPE: Final = "tasks:read"
#: Longest look-up of a name, when a webhook is made (seconds).
LOOK_UP_SECONDS: Final = 5.0


class Hooks:
    """What the resources have in common."""

    def __init__(self, webhooks: Webhooks, journal: Journal, settings: Settings) -> None:
        self.webhooks = webhooks
        self.journal = journal
        self.allowed = Allowed(settings.webhook_allowed)
        self._socket = settings.webhook_socket

    async def one(self, req: Request, webhook: str) -> Webhook:
        """The webhook, if the caller may see it. Raises NotFound."""
        found = await asyncio.to_thread(self.webhooks.get, webhook)
        if not sees(req.context.principal, found):
            raise unknown(webhook)
        return found

    async def begin(self) -> None:
        """When this process starts: have the deliverer begun where there are webhooks."""
        if not self._socket:
            return
        if await asyncio.to_thread(self._any):
            self.ring()

    def _any(self) -> bool:
        with suppress(redis.exceptions.RedisError):
            return any(webhook.enabled for webhook in self.webhooks.all())
        return False

    async def check_asked(self, principal: Principal, webhook: str) -> None:
        """Raise InvalidField if a request of the caller's cannot name this webhook, which is to hear of its end."""
        try:
            found = await asyncio.to_thread(self.webhooks.get, webhook)
        except NotFound:
            raise _not_there(webhook) from None
        if not is_own(principal, found):
            raise _not_there(webhook)
        if not found.enabled:
            raise InvalidField(f"the webhook {webhook} is not enabled: PATCH it first").at("?webhook")

    async def check(self, principal: Principal, asked: Asked) -> None:
        """Raise InvalidField if nothing may be sent to the URL, Forbidden if the caller may not hear of the events."""
        for at, event in enumerate(asked.events or ()):
            needed = VIEWING if event in OF_MODELS else "admin" if event is Event.DEAD_LETTER_CREATED else SCOPE
            models: tuple[str | None, ...] = asked.models or (None,)
            if not all(allows(principal.scopes, needed, model=model) for model in models):
                which = needed if isinstance(needed, str) else f"one of {', '.join(needed)}"
                raise Forbidden(f"to hear of {event.value} takes the scope {which}, for all models or those named").at(
                    f"/events/{at}"
                )
        if asked.url is not None:
            await self._check_url(asked.url)

    async def _check_url(self, url: str) -> None:
        target = read_url(url)
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = await asyncio.to_thread(resolve, target)
        except TimeoutError:
            raise InvalidField(f"url names a host that was not found within {LOOK_UP_SECONDS:g} s").at("/url") from None
        except (OSError, UnicodeError) as error:
            raise InvalidField(f"url names a host that cannot be resolved: {error}").at("/url") from None
        if not self.allowed.fit(found, target):
            raise InvalidField(f"url {refusal(target, found)}").at("/url")

    def ring(self) -> None:
        """Have the deliverer begun, if it does not run."""
        if self._socket:
            ring(self._socket)

    def document(self, webhook: Webhook, *, root: str, secret: str | None = None) -> dict[str, Any]:
        """What is shown of one. Blocks."""
        waiting = self.journal.waiting(webhook.id)
        return webhook_document(webhook, root=root, waiting=waiting, secret=secret, now=self.webhooks.now())


def sees(principal: Principal, webhook: Webhook) -> bool:
    """Whether the caller may see the webhook: it is its account's own, or the caller is an administrator."""
    return is_own(principal, webhook) or allows(principal.scopes, "admin")


def is_own(principal: Principal, webhook: Webhook) -> bool:
    """Whether it is of the caller's account."""
    return webhook.owner == principal.name and webhook.account == principal.account


def _not_there(webhook: str) -> InvalidField:
    return InvalidField(f"there is no webhook {webhook[:40]!r}: POST /v1/webhooks makes one").at("?webhook")
