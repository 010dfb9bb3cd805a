"""What NGINX answers by itself, for each status: a problem (RFC 9457), in the manner of the route's clients."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping
from typing import Final

from gateway.web import manners
from infra.nginx.headers import NO_MORE, headers

#: What NGINX says itself, by status: title, detail.
TEXTS: Final = {
    400: ("Bad Request", "The request is not HTTP as the service reads it: check its first line and headers."),
    401: (
        "Unauthorized",
        "It is not known who is calling: sign in at / and come from there, or send a name and a password, or a token.",
    ),
    403: (
        "Forbidden",
        "The account lacks the scope: monitor to look, admin to change things, the work's own to submit it.",
    ),
    404: ("Not Found", "There is nothing at this address."),
    405: ("Method Not Allowed", "The request's method is not known here."),
    408: ("Request Timeout", "The request did not arrive in time: send it again."),
    413: ("Content Too Large", "The body is larger than $most_bytes bytes: send less at a time."),
    414: ("URI Too Long", "The address of the request is too long: shorten its query."),
    421: ("Misdirected Request", "The request names another host than its connection: connect anew."),
    429: ("Too Many Requests", "Too many requests come from this address: send fewer at a time."),
    431: ("Request Header Fields Too Large", "A header is too long: shorten it."),
    501: ("Not Implemented", "The request's method or transfer coding is not read here: send its Content-Length."),
    502: ("Bad Gateway", "This part of the service is starting or was restarted: try again in a moment."),
    503: ("Service Unavailable", "The service takes no requests now, or has no room: try again in a moment."),
    504: ("Gateway Timeout", "The service did not answer in time: try again."),
    505: ("HTTP Version Not Supported", "The request's version of HTTP is not read here: use HTTP/1.1."),
}
#: The type of a problem that the gateway says as well, by status; others are as plain as their status.
TYPES: Final = {
    401: "urn:mlservice:error:unauthenticated",
    403: "urn:mlservice:error:forbidden",
    404: "urn:mlservice:error:not-found",
    413: "urn:mlservice:error:body-too-large",
}
#: After how long a later try is right (seconds). The gateway says so of its own answers.
RETRY_AFTER_SECONDS: Final = 1
#: Headers that a status has beside those of every answer. Of 401 NGINX itself hands on the challenge.
OWN_HEADERS: Final[dict[int, dict[str, str]]] = {
    403: {"WWW-Authenticate": "$challenge"},
    **{status: {"Retry-After": str(RETRY_AFTER_SECONDS)} for status in (429, 502, 503, 504)},
}
#: NGINX's own numbers, by the status that they are: headers that are too large
#: (findings/nginx-headers-too-large-are-494.sh); HTTP spoken to the port of HTTPS; what failed in NGINX itself, where a
#: body finds no place on the disk or an authorisation could not be asked for, passes.
OWN_NUMBERS: Final = {431: 494, 400: 497, 503: 500}


def error_pages() -> str:
    """The lines that send each status to its page."""
    statuses = {status: f"{status}" for status in TEXTS}
    for status, own in OWN_NUMBERS.items():
        statuses[status] += f" {own} ={status}"
    return "\n".join(f"error_page {text} /$manner/{status};" for status, text in statuses.items())


def problems(*, hsts_seconds: int, more: Mapping[str, str] = NO_MORE) -> str:
    """The pages for within `location /problem/`; `more`: further headers that the server gives every answer."""
    return _pages("problem", lambda problem: problem, hsts_seconds, more)


def statuses(*, hsts_seconds: int, more: Mapping[str, str] = NO_MORE) -> str:
    """The same for within `location /status/`, in the words of the original service."""
    return _pages("status", manners.original, hsts_seconds, more)


def inferences(*, hsts_seconds: int, more: Mapping[str, str] = NO_MORE) -> str:
    """The same for within `location /inference/`, in those of the Open Inference Protocol."""
    return _pages("inference", manners.inference, hsts_seconds, more)


def invocations(*, hsts_seconds: int, more: Mapping[str, str] = NO_MORE) -> str:
    """The same for within `location /invocation/`, in those of MLflow."""
    return _pages("invocation", manners.invocation, hsts_seconds, more)


def _pages(folder: str, manner: manners.Manner, hsts_seconds: int, more: Mapping[str, str]) -> str:
    pages = []
    for status, (title, detail) in TEXTS.items():
        problem = {"type": TYPES.get(status, "about:blank"), "title": title, "status": status, "detail": detail}
        pages.append(_page(f"/{folder}/{status}", status, hsts_seconds, more, **manner(problem)))
    return "\n".join(pages)


def _page(path: str, code: int, hsts_seconds: int, more: Mapping[str, str], **says: object) -> str:
    """A page that answers with this status code, and says this in JSON."""
    text = json.dumps(says).replace("'", "\\u0027")
    lines = [f"return {code} '{text}';"]
    if code in OWN_HEADERS:
        lines.append(headers(hsts_seconds=hsts_seconds, more={**OWN_HEADERS[code], **more}))
    # A location with a path: NGINX enters a named one not with each request (findings/nginx-named-page-for-a-400.sh).
    inside = textwrap.indent("\n".join(lines), "    ")
    return f"location = {path} {{\n    internal;\n{inside}\n}}"
