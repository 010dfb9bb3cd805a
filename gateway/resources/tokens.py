"""`/v1/token`: a name and a password become a bearer token; a token is ended. `/.well-known/jwks.json`: its keys."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable
from typing import Final

import falcon.asgi

from gateway.identity.account import Account
from gateway.identity.accounts import NAME, Accounts
from gateway.identity.auth import public, requires
from gateway.identity.challenges import REALM
from gateway.identity.ending import end_sign_in
from gateway.identity.granting import issue_for
from gateway.identity.keys import Keys
from gateway.identity.login_throttle import LoginThrottle, client_address
from gateway.identity.tokens import Tokens
from gateway.web.representations import show
from tasks.errors import TooManyRequests, Unauthenticated, Unavailable
from tasks.ledger.counts import LOGIN_REASONS, LOGINS_REFUSED, TOKENS_ISSUED

log = logging.getLogger(__name__)

#: Logins that are checked at the same time in one process, so that they leave the processor to other work.
LOGINS: Final = 2
#: Logins that may wait their turn; at 40 ms a login the last one waits about a second.
WAITING: Final = 50
#: How long others may keep our public keys (seconds).
KEYS_SECONDS: Final = 300
#: Why a login is refused, as it is counted.
REASONS: Final = dict(zip((Unauthenticated, TooManyRequests, Unavailable), LOGIN_REASONS, strict=True))


class TokenResource:
    """Issues tokens for HTTP Basic credentials (RFC 7617), and ends them."""

    def __init__(
        self,
        accounts: Accounts,
        tokens: Tokens,
        attempts: LoginThrottle,
        *,
        count: Callable[[str], None] = lambda _field: None,
    ) -> None:
        self._count = count
        self._accounts = accounts
        self._tokens = tokens
        self._attempts = attempts
        self._logins = asyncio.Semaphore(LOGINS)
        self._waiting = 0

    @public
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 with `access_token`, `token_type`, `expires_in` (s) and `scope`; 401 with a Basic challenge; 429."""
        resp.set_header("Cache-Control", "no-store")
        address = client_address(req.get_header("X-Forwarded-For"))
        try:
            account = await self.login(req.get_header("Authorization"), address=address)
        except Unauthenticated:
            resp.set_header("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
            raise
        token = issue_for(self._tokens, account, account.scopes)
        self._count(TOKENS_ISSUED)
        show(
            resp,
            {
                "access_token": token.access_token,
                "token_type": "bearer",
                "expires_in": token.expires_in,
                "scope": token.scope,
            },
        )

    @requires()
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204: the token that came with this request is refused from now on, by all processes, and so is the cookie
        that was given for it."""
        await end_sign_in(req, resp, self._accounts)

    async def login(self, header: str | None, *, address: str | None = None) -> Account:
        """The account whose credentials these are.

        Raises Unauthenticated, TooManyRequests after too many failures, or Unavailable if too many wait.
        """
        try:
            return await self._checked(*credentials(header), address=address)
        except (Unauthenticated, TooManyRequests, Unavailable) as error:
            self._count(f"{LOGINS_REFUSED}:{REASONS[type(error)]}")
            raise

    async def _checked(self, name: str, password: str, *, address: str | None) -> Account:
        if self._waiting >= WAITING:
            raise Unavailable("too many logins wait; try again in a moment")
        self._waiting += 1
        try:
            async with self._logins:
                return await asyncio.to_thread(self._verify, name, password, address)
        finally:
            self._waiting -= 1

    def _verify(self, name: str, password: str, address: str | None) -> Account:
        wait = self._attempts.begin(name, address)
        if wait:
            log.warning("a login is not tried after too many that failed", extra={"address": address})
            raise TooManyRequests("too many logins failed; try again after the pause that Retry-After names").after(
                wait
            )
        try:
            account = self._accounts.verify(name, password)
        except Unauthenticated:
            # People type passwords where a name belongs: only a name that is an account's is repeated.
            known = name if NAME.fullmatch(name) and self._accounts.get(name) else ""
            log.warning("a login was refused", extra={"owner": known, "address": address})
            raise
        self._attempts.succeed(name, address)
        return account


class KeysResource:
    """The public keys with which others may check our tokens (RFC 7517)."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys

    @public
    async def on_get(self, _req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 with a JWK set; it is empty where tokens are signed with a given key."""
        resp.set_header("Cache-Control", f"public, max-age={KEYS_SECONDS}")
        show(resp, {"keys": self._keys.public()})


def credentials(header: str | None) -> tuple[str, str]:
    """(name, password) of an HTTP Basic header. Raises Unauthenticated."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        raise Unauthenticated("a name and a password are needed, as HTTP Basic credentials")
    try:
        name, colon, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        colon = ""
    if not colon:
        raise Unauthenticated("the HTTP Basic credentials must be the base64 of NAME:PASSWORD in UTF-8")
    return name, password
