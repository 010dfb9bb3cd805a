"""The end of a sign-in, before its token would end by itself."""

from __future__ import annotations

import asyncio
import logging

import falcon.asgi

from gateway.identity import session
from gateway.identity.accounts import Accounts
from gateway.identity.tokens import SKEW_SECONDS
from gateway.web.errors import told

log = logging.getLogger(__name__)


async def end_sign_in(req: falcon.asgi.Request, resp: falcon.asgi.Response, accounts: Accounts) -> None:
    """204: the token that came with this request, or the cookie, is refused from now on, by all processes, and so is
    the one that was given for the other."""
    principal = req.context.principal
    until = principal.expires_at + SKEW_SECONDS
    await asyncio.to_thread(accounts.revoke_token, principal.token_id, until=until)
    # This process hears of it too, but perhaps after its next request.
    req.context.authenticator.forget_token(principal.token_id)
    log.info("the token %s was revoked", principal.token_id, extra=told(req))
    session.end(req, resp)
    resp.status = falcon.HTTP_204
