"""What NGINX adds to every answer, its own included."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

#: What a page may load. An answer of the API is shown as no page, so it may load nothing.
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
DOCS_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
#: The report of a version has all that it shows in itself.
REPORT_POLICY: Final = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
#: The console loads its own files and asks this service.
CONSOLE_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: The console shows a report in a frame without scripts, which inherits this; its styles are in it.
FRAME_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src 'self' data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
#: Flower's pages have scripts of their own in them.
FLOWER_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)

#: Of most answers nothing more is said.
NO_MORE: Final[Mapping[str, str]] = MappingProxyType({})


def headers(policy: str = API_POLICY, *, hsts_seconds: int, more: Mapping[str, str] = NO_MORE) -> str:
    """The lines for a server or for a place in it, which inherits none of the server's if it has one of its own.

    Constants, because a value that NGINX has to find for each answer costs it much more. `more` are further headers;
    NGINX leaves out one whose value is empty.
    """
    named = {
        "X-Request-Id": "$id",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Content-Security-Policy": f'"{policy}"',
    }
    if hsts_seconds:
        named["Strict-Transport-Security"] = f'"max-age={hsts_seconds}"'
    named |= more
    return "\n".join(f"add_header {name} {value} always;" for name, value in named.items())
