"""What NGINX asks of a caller: before it lets him see Flower, and before it takes a large body.

NGINX never lets it be reached from outside. A gateway without NGINX in front gives nothing away by it: it tells a
caller what his own credentials may do.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import falcon.asgi

from gateway.identity.auth import Authenticator, public
from gateway.identity.challenges import permit
from gateway.identity.entrance import Entrance
from gateway.identity.scopes import SCOPES, allows
from gateway.identity.session import cookie_of
from tasks.contract import CONTROLS
from tasks.errors import Forbidden, InvalidField, TooManyRequests

#: What NGINX counts the bodies of an account by: no name, which may be longer or other than a header is.
ACCOUNT: Final = "X-Account"


class AuthorizeResource:
    """`GET /internal/authorize?scope=S`: whether the caller, by token, cookie or password, has a scope."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    @public
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204 if the caller has the scope, with CONTROLS; 401 with a challenge, or 403, also for who asks too often."""
        try:
            scopes = await self._entrance.admit(req, resp, _scope(req), passed=cookie_of(req))
        except TooManyRequests as error:
            # NGINX passes on 401 and 403 alone; another challenge would make a browser try again at once.
            raise Forbidden(str(error)) from error
        resp.set_header(CONTROLS, "yes" if allows(scopes, "admin") else "no")
        resp.status = falcon.HTTP_204


class AuthorizeBodyResource:
    """`GET /internal/authorize/body?scope=S&model=M`: whether a large body of the caller, by token, is taken.

    Costs nothing of a quota: the request itself does.
    """

    def __init__(self, authenticator: Authenticator) -> None:
        self._authenticator = authenticator

    @public
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204 if the caller has the scope for the model, with what stands for its account; 401 or 403."""
        scope = _scope(req)
        principal = await self._authenticator.identify(req, resp)
        permit(resp, principal, scope, model=req.get_param("model"))
        resp.set_header(ACCOUNT, sha256(principal.name.encode()).hexdigest())
        resp.status = falcon.HTTP_204


def _scope(req: falcon.asgi.Request) -> str:
    scope = req.get_param("scope")
    if scope not in SCOPES:
        raise InvalidField(f"there is no such scope; give scope, one of {', '.join(SCOPES)}").at("?scope")
    return scope
