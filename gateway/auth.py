"""Who is calling, and may they: the bearer token and the scope of each route.

A responder says what it needs with `@requires(...)` or `@public`. A resource with a responder that says nothing is
refused whole, so that a route which was forgotten is closed.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, Final

import falcon.asgi

from gateway.accounts import SCOPES, Account, Accounts, allows
from gateway.tokens import Principal, Tokens
from tasks.errors import Forbidden, Unauthenticated

log = logging.getLogger(__name__)

#: The protection space that challenges name.
REALM: Final = "mlservice"
#: Seconds after which an account is read again, should the word of its change be lost.
ACCOUNT_SECONDS: Final = 30

Responder = Callable[..., Awaitable[None]]
#: A scope; or what gives the scope for the resource at hand; or None: any account.
Needed = str | Callable[[Any], str] | None

_DECLARED: Final = "__needs__"


def requires(needed: Needed = None) -> Callable[[Responder], Responder]:
    """Let the responder run only for a caller with this scope, known as `req.context.principal`.

    `@requires("estimate")`, `@requires()` for any account, `@requires(attrgetter("kind"))` for a scope that the
    resource object gives.
    """
    if isinstance(needed, str) and needed not in SCOPES:
        raise ValueError(f"there is no scope {needed!r}")

    def declare(responder: Responder) -> Responder:
        @functools.wraps(responder)
        async def guarded(
            resource: object, req: falcon.asgi.Request, resp: falcon.asgi.Response, *args: Any, **params: Any
        ) -> None:
            scope = needed(resource) if callable(needed) else needed
            authenticator: Authenticator = req.context.authenticator
            req.context.principal = await authenticator.admit(req, resp, scope)
            await responder(resource, req, resp, *args, **params)

        setattr(guarded, _DECLARED, True)
        return guarded

    return declare


def public(responder: Responder) -> Responder:
    """Let the responder run for everybody."""
    setattr(responder, _DECLARED, True)
    return responder


def undeclared(resource: object) -> list[str]:
    """The names of the resource's responders that say neither `requires` nor `public`."""
    return [
        name
        for name in dir(resource)
        if re.fullmatch(r"on_[a-z_]+", name) and not hasattr(getattr(resource, name), _DECLARED)
    ]


class Authenticator:
    """Falcon middleware that closes what is not declared and admits callers to what is."""

    def __init__(self, accounts: Accounts, tokens: Tokens, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._clock = clock
        self._known: dict[str, tuple[Account | None, float]] = {}
        self._reading: dict[tuple[str, int], asyncio.Future[Account | None]] = {}
        self._changes = 0
        self._checked: dict[type, bool] = {}

    async def process_resource(
        self, req: falcon.asgi.Request, resp: falcon.asgi.Response, resource: object, params: dict[str, Any]
    ) -> None:
        """Called by Falcon for each request that has a route. Raises Forbidden if the resource declares too little."""
        if self._closed(resource):
            raise Forbidden("this route is closed: it does not declare who may use it")
        req.context.authenticator = self

    async def admit(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, needed: str | None) -> Principal:
        """The caller, with the scopes that both token and account have.

        Raises Unauthenticated or Forbidden, with the challenge of RFC 6750 set in the response.
        """
        token = _bearer(req.get_header("Authorization"))
        if token is None:
            resp.set_header("WWW-Authenticate", _challenge())
            raise Unauthenticated("a token is needed: get one from /v1/token, send it as Authorization: Bearer TOKEN")
        try:
            principal = await self._principal(token)
        except Unauthenticated as error:
            resp.set_header("WWW-Authenticate", _challenge("invalid_token", str(error)))
            raise
        if not allows(principal.scopes, needed):
            reason = f"the account {principal.name!r} may not do this: it needs the scope {needed}"
            resp.set_header("WWW-Authenticate", _challenge("insufficient_scope", reason, scope=needed))
            raise Forbidden(reason)
        return principal

    def forget(self, name: str) -> None:
        """Drop what is remembered of an account, because it changed. May be called from any thread."""
        # A read that began before the change must not be kept, hence the count.
        self._changes += 1
        self._known.pop(name, None)
        self._tokens.forget(name)

    async def _principal(self, token: str) -> Principal:
        principal = self._tokens.verify(token)
        known = self._known.get(principal.name)
        account = known[0] if known and self._clock() < known[1] else await self._read(principal.name)
        # An account that was removed and made again is another one; tokens count whole seconds.
        if account is None or account.disabled or principal.issued_at < int(account.created_at):
            raise Unauthenticated("the token's account was removed, replaced or disabled")
        if principal.scopes <= account.scopes:
            return principal
        return replace(principal, scopes=principal.scopes & account.scopes)

    async def _read(self, name: str) -> Account | None:
        """The account from Redis; those who ask at the same time share one read."""
        key = (name, self._changes)
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.ensure_future(self._fetch(name, self._changes))
            reading.add_done_callback(lambda _: self._reading.pop(key, None))
        return await asyncio.shield(reading)

    async def _fetch(self, name: str, changes: int) -> Account | None:
        account = await asyncio.get_running_loop().run_in_executor(None, self._accounts.get, name)
        if changes == self._changes:
            self._known[name] = (account, self._clock() + ACCOUNT_SECONDS)
        return account

    def _closed(self, resource: object) -> bool:
        cls = type(resource)
        if cls not in self._checked:
            missing = undeclared(resource)
            if missing:
                log.error("%s is closed: %s declare nothing", cls.__name__, ", ".join(missing))
            self._checked[cls] = bool(missing)
        return self._checked[cls]


def _bearer(header: str | None) -> str | None:
    scheme, _, token = (header or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _challenge(error: str | None = None, description: str = "", *, scope: str | None = None) -> str:
    parts = [f'Bearer realm="{REALM}"']
    if error:
        parts += [f'error="{error}"', f'error_description="{_plain(description)}"']
    if scope:
        parts.append(f'scope="{scope}"')
    return ", ".join(parts)


def _plain(text: str) -> str:
    """The text in the characters that RFC 6750 allows in a challenge."""
    return re.sub(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]", "'", text)
