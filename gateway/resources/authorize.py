"""`GET /internal/authorize?scope=S`: what NGINX asks before it lets a caller see Flower.

NGINX never lets it be reached from outside. A gateway without NGINX in front gives nothing away by it: it tells a
caller what his own credentials may do.
"""

from __future__ import annotations

import falcon.asgi

from gateway.auth import public
from gateway.entrance import Entrance
from gateway.scopes import SCOPES
from tasks.errors import InvalidField


class AuthorizeResource:
    """Whether the caller, by token or by name and password, has a scope."""

    def __init__(self, entrance: Entrance) -> None:
        self._entrance = entrance

    @public
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        """204 if the caller has the scope; 401 with a challenge, or 403."""
        scope = req.get_param("scope")
        if scope not in SCOPES:
            raise InvalidField(f"there is no such scope; give scope, one of {', '.join(SCOPES)}").at("?scope")
        await self._entrance.admit(req, resp, scope)
        resp.status = falcon.HTTP_204
