"""`POST /v1/token`: a name and a password become a bearer token."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Final

import falcon.asgi
import msgspec

from gateway.accounts import Account, Accounts
from gateway.auth import REALM, public
from gateway.tokens import Tokens
from tasks.errors import Unauthenticated, Unavailable

#: Logins that are checked at the same time in one process, so that they leave the processor to other work.
LOGINS: Final = 2
#: Logins that may wait their turn; at 40 ms a login the last one waits about a second.
WAITING: Final = 50


class TokenResource:
    """Issues tokens for HTTP Basic credentials (RFC 7617)."""

    def __init__(self, accounts: Accounts, tokens: Tokens) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._logins = asyncio.Semaphore(LOGINS)
        self._waiting = 0

    @public
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """200 with `access_token`, `token_type`, `expires_in` (s) and `scope`; 401 with a Basic challenge."""
        resp.set_header("Cache-Control", "no-store")
        try:
            account = await self.login(req.get_header("Authorization"))
        except Unauthenticated:
            resp.set_header("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"')
            raise
        token = self._tokens.issue(account.name, account.scopes)
        resp.content_type = falcon.MEDIA_JSON
        resp.data = msgspec.json.encode(
            {
                "access_token": token.access_token,
                "token_type": "bearer",
                "expires_in": token.expires_in,
                "scope": token.scope,
            }
        )

    async def login(self, header: str | None) -> Account:
        """The account whose credentials these are. Raises Unauthenticated, or Unavailable if too many wait."""
        name, password = credentials(header)
        if self._waiting >= WAITING:
            raise Unavailable("too many logins wait; try again in a moment")
        self._waiting += 1
        try:
            async with self._logins:
                loop = asyncio.get_running_loop()
                return await loop.run_in_executor(None, self._accounts.verify, name, password)
        finally:
            self._waiting -= 1


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
