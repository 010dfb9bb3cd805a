"""`GET /v1/estimators`: which estimators the workers have."""

from __future__ import annotations

import asyncio

from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.web.representations import show
from tasks.registry.offers import Offers


class EstimatorsResource:
    """All estimators."""

    def __init__(self, offers: Offers) -> None:
        self._offers = offers

    @requires()
    async def on_get(self, _req: Request, resp: Response) -> None:
        """What each is, and which params and options it takes, as its workers said when they started."""
        show(resp, {"estimators": await asyncio.to_thread(self._offers.all)})
