"""Where a proxy in front offers the service below a path: NGINX takes the path away, so that all else is as without.

Proxies pass a path on as it was asked for, or without what they found the service by. Either is understood.
"""

from __future__ import annotations

import re
from typing import Final

#: What was asked for, as it was sent, with the query: as it came, and without the root path.
AS_SENT: Final = "$request_uri"
BELOW_ROOT: Final = "$below_root"
#: What the places that only NGINX itself may enter begin with.
INTERNAL: Final = (
    *("problem", "status", "inference", "invocation"),
    *("large", "authorize", "internal", "preflight"),
)


def asked(root: str) -> str:
    """The variable that holds what was asked for of the service."""
    return BELOW_ROOT if root else AS_SENT


def passed(root: str) -> str:
    """What stands behind the name of the gateway; nothing where what came is passed on, which costs least."""
    return BELOW_ROOT if root else ""


def flower_passed(root: str) -> str:
    """What stands behind the name of Flower, whose own paths begin with the root path."""
    return f"{root}{BELOW_ROOT}" if root else ""


def maps(root: str) -> str:
    """The lines for `http`."""
    if not root:
        return ""
    return (
        "# As it was sent, but without the root path.\n"
        f'map $request_uri {BELOW_ROOT} {{ default $request_uri; "~^{re.escape(root)}(?<rest_of_path>/.*)$" '
        "$rest_of_path; }"
    )


def rewriting(root: str) -> str:
    """The lines for `server`."""
    if not root:
        return ""
    return (
        "# What is rewritten NGINX takes for its own: so nothing comes to what is its own this way.\n"
        f"if ($uri ~ ^{re.escape(root)}/({'|'.join(INTERNAL)})(/|$)) {{\n"
        "    return 404;\n"
        "}\n"
        f"rewrite ^{re.escape(root)}(/.*)$ $1;\n"
        f"location = {root} {{\n"
        "    # Its pages name what they load beside themselves.\n"
        f"    return 308 {root}/$is_args$args;\n"
        "}"
    )
