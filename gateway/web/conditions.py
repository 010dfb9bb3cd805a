"""Whether a caller has, or means, what there is: `ETag`, `If-None-Match` and `If-Match` (RFC 9110, 8.8.3 and 13.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec
from falcon import HTTP_304
from falcon.asgi import Request, Response

from gateway.web.representations import show
from tasks.errors import PreconditionFailed

_encode = msgspec.json.Encoder().encode


def show_tagged(req: Request, resp: Response, document: Any) -> None:
    """Answer with a JSON document and its tag; 304 to who has it."""
    show(resp, document)
    resp.etag = tag = _tag(document)
    if _names(req.if_none_match, tag):
        resp.data, resp.status = None, HTTP_304


def means_one(req: Request) -> bool:
    """Whether the caller says what it is that he means."""
    return req.get_header("If-Match") is not None


def check_match(req: Request, document: Any) -> None:
    """Raise PreconditionFailed if the caller means another document than this, or says nothing that is a tag."""
    if means_one(req) and not _names(req.if_match, _tag(document)):
        raise PreconditionFailed("it has changed since it was read: read it again, and send its new ETag in If-Match")


def _names(tags: Iterable[str] | None, tag: str) -> bool:
    return any(one in ("*", tag) for one in tags or ())


def _tag(document: Any) -> str:
    return hashlib.sha256(_encode(document)).hexdigest()
