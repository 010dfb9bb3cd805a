"""Request bodies, read whole and never parsed."""

from __future__ import annotations

from falcon.asgi import Request

from tasks.errors import BodyTooLarge


async def read_body(req: Request, *, limit: int) -> bytes:
    """The body's bytes. Raises BodyTooLarge before more than `limit` bytes are read."""
    length = req.content_length
    if length is not None:
        _check(length, limit)
        return await req.stream.read()
    parts = []
    size = 0
    async for part in req.stream:
        size += len(part)
        _check(size, limit)
        parts.append(part)
    return b"".join(parts)


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise BodyTooLarge(f"the body is larger than {limit} bytes: send fewer rows, or Arrow, which is smaller")
