"""`/v1/session`: the pages of this service are signed in, by a password, a link or a token, and signed out.

With the cookie a browser sees Flower, too. It ends with the token for which it was given.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

import falcon.asgi

from gateway.identity import session
from gateway.identity.account import Account
from gateway.identity.accounts import OUTSIDE, Accounts
from gateway.identity.auth import bearer, public, requires
from gateway.identity.challenges import challenge
from gateway.identity.ending import end_sign_in
from gateway.identity.granting import issue_for
from gateway.identity.links import Links
from gateway.identity.login_throttle import client_address
from gateway.identity.logins import Login
from gateway.identity.tokens import SESSION, Principal, Tokens
from gateway.web.representations import moment, show
from gateway.web.small_bodies import read_json
from tasks.errors import Forbidden, MalformedBody, Unauthenticated
from tasks.ledger.counts import TOKENS_ISSUED


def _version() -> str:
    try:
        return version("mlservice")
    except PackageNotFoundError:
        return ""


#: The version of this service; empty where it is not installed.
VERSION: Final = _version()


class SessionResource:
    """Who is signed in. `most_bytes`: of a body that is taken; pages refuse a larger file before it is sent."""

    def __init__(
        self,
        accounts: Accounts,
        tokens: Tokens,
        links: Links,
        login: Login,
        *,
        most_bytes: int,
        count: Callable[[str], None] = lambda _field: None,
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._links = links
        self._login = login
        self._most_bytes = most_bytes
        self._count = count

    @requires()
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """The caller's name, scopes and when the sign-in ends."""
        _show(resp, req.context.principal, self._most_bytes)

    @public
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 with the cookie, for HTTP Basic credentials, a bearer token, the code of a link in the body, or a cookie
        that has not ended, which it renews. Raises Forbidden without the header that our pages send, and for callers
        that have no account here."""
        if not req.get_header(session.PAGE):
            raise Forbidden(f"a session is for the pages of this service, which send {session.PAGE}: use /v1/token")
        code = _code(await read_json(req, absent={}))
        try:
            principal = await self._who(req, resp, code)
        except Unauthenticated:
            # No challenge of Basic: a browser would ask for a password by itself.
            resp.set_header("WWW-Authenticate", challenge())
            raise
        session.start(req, resp, self._tokens.derive(principal, audience=SESSION))
        _show(resp, principal, self._most_bytes)

    @requires()
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204: the cookie and the token it was given for are refused from now on, by all processes."""
        await end_sign_in(req, resp, self._accounts)

    async def _who(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, code: str | None) -> Principal:
        header = req.get_header("Authorization")
        if bearer(header) is not None:
            principal: Principal = await req.context.authenticator.identify(req, resp)
            if principal.name.startswith(OUTSIDE):
                raise Forbidden(f"{principal.name!r} is known by the token alone, and has no session here")
            return principal
        if header is not None:
            account = await self._login(header, address=client_address(req.get_header("X-Forwarded-For")))
            return self._issued(account, account.scopes)
        if code is not None or session.cookie_of(req) is None:
            account = await asyncio.to_thread(self._by_link, code)
            return self._issued(account, account.scopes)
        principal = await req.context.authenticator.identify(req, resp)
        account = await asyncio.to_thread(self._accounts.known, principal.name)
        return self._issued(account, principal.scopes)

    def _issued(self, account: Account, scopes: Collection[str]) -> Principal:
        token = issue_for(self._tokens, account, scopes)
        self._count(TOKENS_ISSUED)
        return self._tokens.verify(token.access_token)

    def _by_link(self, code: str | None) -> Account:
        name = self._links.take(code) if code is not None else None
        account = self._accounts.get(name) if name is not None else None
        if account is None or account.disabled:
            raise Unauthenticated(
                "the link was used or is over: sign in with the password, or get one of `mlservice link`"
            )
        return account


def _code(body: Any) -> str | None:
    """The code of a link; None where nothing is said. Raises MalformedBody."""
    if body == {}:
        return None
    if isinstance(body, dict) and body.keys() == {"code"} and isinstance(body["code"], str):
        return str(body["code"])
    raise MalformedBody('the body must be {"code": TEXT}, of a link that signs in, or left out')


def _show(resp: falcon.asgi.Response, principal: Principal, most_bytes: int) -> None:
    resp.set_header("Cache-Control", "no-store")
    show(
        resp,
        {
            "name": principal.name,
            "scopes": sorted(principal.scopes),
            "expires_at": moment(principal.expires_at),
            "version": VERSION,
            "max_body_bytes": most_bytes,
        },
    )
