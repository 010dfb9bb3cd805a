"""Cross-origin resource sharing (CORS): which other sites' pages may call the API, as the Fetch standard has it.

NGINX says it, because it answers some requests by itself, and costs the gateway nothing so. Cookies and what a browser
remembers of passwords are never sent along: callers show a token, which is theirs to send.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Final

from infra.nginx.headers import headers
from tasks.config.areas.outward import ANY_ORIGIN

#: The methods of the API.
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
#: What a page may send, beside what any page may.
REQUEST_HEADERS: Final = (
    *("Authorization", "Content-Type", "Content-Encoding", "Prefer", "Idempotency-Key", "X-Request-Id", "traceparent"),
    *("If-Match", "If-None-Match", "Last-Event-ID", "Inference-Header-Content-Length"),
)
#: What a page may read of an answer, beside what any page may.
ANSWER_HEADERS: Final = (
    *("Location", "Retry-After", "ETag", "X-Request-Id", "Preference-Applied", "Notes", "WWW-Authenticate"),
    *("RateLimit", "RateLimit-Policy", "Allow", "Accept-Encoding", "Content-Disposition"),
    *("Content-Location", "Inference-Header-Content-Length"),
)
#: How long a browser may remember what it was told before a request (seconds); Chromium takes no more.
REMEMBERED_SECONDS: Final = 7200
#: The place that answers what browsers ask before a request.
PREFLIGHT: Final = "/preflight"


def answer_headers(origins: Sequence[str]) -> Mapping[str, str]:
    """What every answer of the API says; nothing of it to pages of origins that are not among these."""
    if not origins:
        return {}
    exposed = f'"{", ".join(ANSWER_HEADERS)}"'
    if ANY_ORIGIN in origins:
        return {"Access-Control-Allow-Origin": f'"{ANY_ORIGIN}"', "Access-Control-Expose-Headers": exposed}
    return {
        "Access-Control-Allow-Origin": "$allowed_origin",
        "Access-Control-Expose-Headers": "$exposed_headers",
        # Also to who sends no origin: what a cache keeps must not be shown to others.
        "Vary": "Origin",
    }


def maps(origins: Sequence[str]) -> str:
    """The lines for `http`."""
    if not origins:
        return ""
    known = " ".join(f'"{origin}" "{origin}";' for origin in origins)
    if ANY_ORIGIN in origins:
        known = f'"~." "{ANY_ORIGIN}";'
    return "\n".join(
        (
            "# The origin of a page that may call the API, if the request comes from one.",
            f'map $http_origin $allowed_origin {{ default ""; {known} }}',
            f'map $allowed_origin $exposed_headers {{ default ""; "~." "{", ".join(ANSWER_HEADERS)}"; }}',
            "# What a browser asks before such a request.",
            'map "$request_method $allowed_origin $http_access_control_request_method" $is_preflight {',
            '    default "";',
            '    "~^OPTIONS [^ ]+ ." 1;',
            "}",
        )
    )


def preflight(origins: Sequence[str], *, hsts_seconds: int) -> str:
    """The lines for `server`."""
    if not origins:
        return ""
    told = {
        **answer_headers(origins),
        "Access-Control-Allow-Methods": f'"{", ".join(METHODS)}"',
        "Access-Control-Allow-Headers": f'"{", ".join(REQUEST_HEADERS)}"',
        "Access-Control-Max-Age": str(REMEMBERED_SECONDS),
    }
    lines = textwrap.indent(headers(hsts_seconds=hsts_seconds, more=told), "    ")
    return (
        f"if ($is_preflight) {{\n    rewrite ^ {PREFLIGHT} last;\n}}\n"
        f"location = {PREFLIGHT} {{\n    internal;\n{lines}\n    return 204;\n}}"
    )
