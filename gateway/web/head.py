"""HEAD wherever GET is: what GET answers, without the body (RFC 9110, 9.3.2)."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any, Final

from falcon.asgi import Request, Response

#: The method.
HEAD: Final = "HEAD"
_ACTS: Final = "__acts__"

Responder = Callable[..., Awaitable[None]]


def acts(responder: Responder) -> Responder:
    """Say of a responder to GET that it does something, which HEAD must not: the route has none."""
    setattr(responder, _ACTS, True)
    return responder


def give_head(resource: object) -> None:
    """Give a resource a responder to HEAD, if it has one to GET. Falcon itself leaves the body away."""
    get = getattr(resource, "on_get", None)
    if get is not None and not hasattr(get, _ACTS):
        setattr(resource, "on_head", _without_events(get))  # noqa: B010 - no resource declares it


def _without_events(get: Responder) -> Responder:
    @functools.wraps(get)
    async def head(req: Request, resp: Response, **params: Any) -> None:
        await get(req, resp, **params)
        if resp.sse is not None:
            # Falcon would call the answer JSON, of no bytes. A stream is of any length, and is not begun.
            resp.content_type = "text/event-stream"
            resp.stream, resp.sse = resp.sse, None  # type: ignore[assignment]

    return head
