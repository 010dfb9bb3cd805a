"""Whose word is taken for who a client is, and for whether it speaks HTTPS: that of the proxies which are named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

#: How our own client speaks to us, and how the first of all clients does, as the proxies tell.
OUR_SCHEME: Final = "$scheme"
FIRST_SCHEME: Final = "$first_scheme"
#: What cookies are told, where that is not the same for all clients.
COOKIE_SECURITY: Final = "$cookie_security"


def maps(proxies: Sequence[str]) -> str:
    """The lines for `http`; none without proxies, which costs least."""
    if not proxies:
        return ""
    trusted = " ".join(f"{network} 1;" for network in proxies)
    return "\n".join(
        (
            *(f"set_real_ip_from {network};" for network in proxies),
            "real_ip_header X-Forwarded-For;",
            "real_ip_recursive on;",
            "# Of the connection itself, whoever it speaks for.",
            f"geo $realip_remote_addr $is_trusted {{ default 0; {trusted} }}",
            f'map "$is_trusted $http_x_forwarded_proto" {FIRST_SCHEME} {{',
            f'    default {OUR_SCHEME}; "1 https" https; "1 http" http;',
            "}",
            f"map {FIRST_SCHEME} {COOKIE_SECURITY} {{ default nosecure; https secure; }}",
        )
    )


def scheme(proxies: Sequence[str]) -> str:
    """The variable that says how the first client speaks."""
    return FIRST_SCHEME if proxies else OUR_SCHEME


def cookie_security(proxies: Sequence[str], *, tls: bool) -> str:
    """What stands among the flags of a cookie."""
    if proxies:
        return COOKIE_SECURITY
    return "secure" if tls else "nosecure"
