"""Who is let in: whoever has a token of the service. What they may do the gateway says, at each tool."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

from infra.agents.api import Api
from tasks.config.areas.outward import ANY_ORIGIN
from tasks.contract import PROBLEM

#: What is handed on of the gateway's refusal.
TOLD: Final = ("content-type", "www-authenticate", "retry-after", "cache-control")

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Admission:
    """An ASGI app in front of another, which only sees the requests of those who are let in."""

    def __init__(self, app: App, api: Api, *, origins: Sequence[str]) -> None:
        """`origins`: the sites whose pages may ask, beside our own."""
        self._app = app
        self._api = api
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        refused = await self._refusal(headers)
        if refused is None:
            await self._app(scope, receive, send)
            return
        told = [(name.encode(), refused.headers[name].encode()) for name in TOLD if name in refused.headers]
        await send({"type": "http.response.start", "status": refused.status_code, "headers": told})
        await send({"type": "http.response.body", "body": refused.content})

    async def _refusal(self, headers: dict[str, str]) -> httpx.Response | None:
        # The protocol asks for it. What protects is the token, which no browser sends by itself.
        origin = headers.get("origin", "")
        if (
            origin
            and not {origin, ANY_ORIGIN}.intersection(self._origins)
            and urlsplit(origin).netloc != headers.get("host")
        ):
            return _problem(
                403, "Forbidden", f"pages of {origin[:200]} may not ask: MLSERVICE_CORS_ORIGINS names those"
            )
        try:
            return await self._api.refusal(headers)
        except httpx.HTTPError:
            return _problem(503, "Service Unavailable", "the gateway does not answer: try again", retry="1")


def _problem(status: int, title: str, detail: str, *, retry: str = "") -> httpx.Response:
    told = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"content-type": PROBLEM, **({"retry-after": retry} if retry else {})}
    return httpx.Response(status, headers=headers, content=msgspec.json.encode(told))
