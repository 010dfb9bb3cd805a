"""`GET /internal/authorize?scope=S`: what NGINX asks before it lets a caller see Flower or the metrics.

NGINX never lets it be reached from outside. A gateway without NGINX in front gives nothing away by it: it tells a
caller what his own credentials may do.
"""

from __future__ import annotations

from typing import Final

import falcon.asgi

from gateway.attempts import client_address
from gateway.auth import REALM, Authenticator, public
from gateway.logins import RememberedLogins
from gateway.scopes import SCOPES, allows
from tasks.errors import Forbidden, InvalidField, TooManyRequests, Unauthenticated

#: What makes a browser ask for a name and a password (RFC 7617).
CHALLENGE: Final = f'Basic realm="{REALM}", charset="UTF-8"'


class AuthorizeResource:
    """Whether the caller, by token or by name and password, has a scope."""

    def __init__(self, authenticator: Authenticator, logins: RememberedLogins) -> None:
        self._authenticator = authenticator
        self._logins = logins

    @public
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204 if the caller has the scope; 401 with a challenge, or 403."""
        scope = req.get_param("scope")
        if scope not in SCOPES:
            raise InvalidField(f"there is no such scope; give scope, one of {', '.join(SCOPES)}").at("?scope")
        header = req.get_header("Authorization")
        if (header or "").partition(" ")[0].lower() == "bearer":
            await self._authenticator.admit(req, resp, scope)
        else:
            await self._admit_by_password(req, resp, scope)
        resp.status = falcon.HTTP_204

    async def _admit_by_password(self, req: falcon.asgi.Request, resp: falcon.asgi.Response, scope: str) -> None:
        address = client_address(req.get_header("X-Forwarded-For"))
        try:
            account = await self._logins.account(req.get_header("Authorization"), address=address)
        except TooManyRequests as error:
            # NGINX passes on 401 and 403 alone; another challenge would make a browser try again at once.
            raise Forbidden(str(error)) from error
        except Unauthenticated:
            resp.set_header("WWW-Authenticate", CHALLENGE)
            raise
        if not allows(account.scopes, scope):
            raise Forbidden(f"the account {account.name!r} may not do this: it needs the scope {scope}")
