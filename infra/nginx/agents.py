"""The place of the endpoint for agents, where there is one."""

from __future__ import annotations

from typing import Final

from infra.nginx import root_path
from infra.nginx.request_bodies import AGENTS_BYTES
from infra.nginx.upstreams import Upstreams

#: Where it is, and what NGINX calls its servers.
PATH: Final = "/mcp"
NAME: Final = "agents"


def upstream(upstreams: Upstreams) -> str:
    """Its servers, for `http`."""
    if not upstreams.mcp:
        return ""
    return f"upstream {NAME} {{\n    {upstreams.servers(NAME, upstreams.mcp)}\n}}"


def location(upstreams: Upstreams, root: str) -> str:
    """The lines for `server`. Nothing of a body is kept here, and answers are streams."""
    if not upstreams.mcp:
        return ""
    return (
        f"location = {PATH} {{\n"
        f"    client_max_body_size {AGENTS_BYTES};\n"
        "    proxy_request_buffering off;\n"
        "    gzip off;\n"
        "    proxy_buffering off;\n"
        f"    proxy_pass http://{NAME}{root_path.passed(root)};\n"
        "}"
    )
