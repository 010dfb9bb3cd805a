"""`/v1/flower/session`: who is signed in with a token gets a cookie with which a browser sees Flower's pages.

A browser can send no token for a page. The cookie goes to Flower alone, no script reads it, no other site's page has it
sent, and the API does not know it. It ends with the token for which it was given.
"""

from __future__ import annotations

import asyncio
from typing import Final

import falcon.asgi

from gateway.identity.accounts import Accounts
from gateway.identity.auth import requires
from gateway.identity.tokens import FLOWER, Tokens
from tasks.errors import Forbidden

#: The cookie, and below which part of the service browsers send it.
COOKIE: Final = "mlservice-flower"
PATH: Final = "/flower/"


class FlowerSessionResource:
    """Lets a browser see Flower."""

    def __init__(self, accounts: Accounts, tokens: Tokens) -> None:
        self._accounts = accounts
        self._tokens = tokens

    @requires("monitor")
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204 with the cookie; 403 without the scope `monitor`, and for callers that have no account here."""
        principal = req.context.principal
        if await asyncio.to_thread(self._accounts.get, principal.name) is None:
            raise Forbidden(f"{principal.name!r} has no account here, so that Flower can be asked with the token alone")
        # Until the browser ends: a token that has ended before is refused with a word, and no password is asked for.
        resp.set_cookie(
            COOKIE,
            self._tokens.derive(principal, audience=FLOWER),
            path=cookie_path(req),
            secure=is_secure(req),
            http_only=True,
            same_site="Strict",
        )
        resp.set_header("Cache-Control", "no-store")
        resp.status = falcon.HTTP_204


def end_session(req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
    """Have the browser that is answered forget its cookie."""
    resp.unset_cookie(COOKIE, path=cookie_path(req), same_site="Strict")


def cookie_path(req: falcon.asgi.Request) -> str:
    """Where browsers send the cookie."""
    return f"{req.root_path}{PATH}"


def is_secure(req: falcon.asgi.Request) -> bool:
    """Whether the caller speaks HTTPS, as the proxy in front says."""
    return req.get_header("X-Forwarded-Proto") == "https"
