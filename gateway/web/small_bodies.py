"""JSON bodies that the gateway reads itself: small, and no rows."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from falcon.asgi import Request

from gateway.web.bodies import read_body
from tasks.errors import MalformedBody

#: Longest such body (bytes): what NGINX lets through where nothing else is said.
LONGEST: Final = 16 * 1024


async def read_json(req: Request, *, absent: Any = None) -> Any:
    """The body's value; `absent` where there is no body. Raises BodyTooLarge, MalformedBody."""
    body = await read_body(req, limit=LONGEST)
    try:
        return msgspec.json.decode(body) if body else absent
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise MalformedBody("the body is not valid JSON") from None
