"""The configuration of NGINX."""

from __future__ import annotations

import grp
import json
import os
import pwd
import resource
from typing import Final

from infra.address import Address
from infra.launch import OPEN_FILES
from infra.templates import fill
from tasks.contract import PROBLEM
from tasks.settings import Settings

#: How much longer than the longest wait NGINX waits for the gateway's answer.
READ_MARGIN_SECONDS: Final = 30

#: What NGINX says itself, by status: title, detail.
PROBLEMS: Final = {
    400: ("Bad Request", "The request is not HTTP as the service reads it: check its first line and headers."),
    404: ("Not Found", "There is nothing at this address."),
    408: ("Request Timeout", "The request did not arrive in time: send it again."),
    413: ("Content Too Large", "The body is larger than {limit} bytes: send less at a time."),
    414: ("URI Too Long", "The address of the request is too long: shorten its query."),
    500: ("Internal Server Error", "The proxy failed: its log says why."),
    501: ("Not Implemented", "The request's method or transfer coding is not read here: send its Content-Length."),
    502: ("Bad Gateway", "This part of the service is starting or was restarted: try again in a moment."),
    503: ("Service Unavailable", "The service takes no requests now: try again in a moment."),
    504: ("Gateway Timeout", "The service did not answer in time: try again."),
    505: ("HTTP Version Not Supported", "The request's version of HTTP is not read here: use HTTP/1.1."),
}
#: The type of a problem that the gateway says as well, by status; others are as plain as their status.
TYPES: Final = {404: "urn:mlservice:error:not-found", 413: "urn:mlservice:error:body-too-large"}


def nginx_conf(address: Address, settings: Settings) -> str:
    """The text of nginx.conf."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    files = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    return fill(
        "nginx/nginx.conf.template",
        user=_user(),
        open_files=files,
        connections=files // 2,
        listen=address.listen,
        max_body_bytes=settings.max_body_bytes,
        read_seconds=settings.max_wait_seconds + READ_MARGIN_SECONDS,
        problem_pages="\n".join(_page(status, settings.max_body_bytes) for status in PROBLEMS),
    )


def _user() -> str:
    # Started by root, NGINX would give its worker to `nobody`, who cannot read the sockets.
    if os.geteuid() != 0:
        return "# The worker keeps the user who started NGINX."
    return f"user {pwd.getpwuid(0).pw_name} {grp.getgrgid(0).gr_name};"


def _page(status: int, limit: int) -> str:
    title, detail = PROBLEMS[status]
    kind = TYPES.get(status, "about:blank")
    problem = {"type": kind, "title": title, "status": status, "detail": detail.format(limit=limit)}
    retry = "add_header Retry-After 1 always; " if status in (502, 503, 504) else ""
    text = json.dumps(problem).replace("'", "\\u0027")
    # 494 is NGINX's own number for headers that are too large. A location with a path, because a request that could not
    # be parsed has no address, with which NGINX does not enter a named one.
    statuses = "400 494 =400" if status == 400 else str(status)
    return (
        f"        error_page {statuses} /problem/{status};\n"
        f"        location = /problem/{status} {{ internal; default_type {PROBLEM}; {retry}"
        f"return {status} '{text}'; }}"
    )
