"""Request bodies, read whole and never parsed."""

from __future__ import annotations

from io import BytesIO
from typing import Final

from falcon.asgi import Request

from tasks.errors import BodyTooLarge

#: Such bodies come in one part or a few (bytes).
_SMALL: Final = 64 * 1024


async def read_body(req: Request, *, limit: int) -> bytes:
    """The body's bytes. Raises BodyTooLarge before more than `limit` bytes are read."""
    length = req.content_length
    if length is not None:
        _check(length, limit)
        if length <= _SMALL:
            return await req.stream.read()
    # What is written is not copied again by getvalue: a list of the parts, joined, would be there twice.
    whole = BytesIO()
    async for part in req.stream:
        whole.write(part)
        _check(whole.tell(), limit)
    return whole.getvalue()


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge(f"the body is larger than {limit} bytes: send fewer rows, or Arrow, which is smaller")
