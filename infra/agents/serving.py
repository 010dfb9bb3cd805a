"""`mlservice mcp`: the endpoint for agents, a process of its own behind NGINX."""

from __future__ import annotations

import argparse
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import uvicorn
from mcp.server.mcpserver import MCPServer
from mcp.server.transport_security import TransportSecuritySettings

from infra.agents.admission import Admission, App
from infra.agents.api import Api, place
from infra.agents.tools import Tools
from tasks.config.areas.http import LAST_PORT
from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tasks.telemetry import logs

#: What it is called in logs, and where it is below the service's URL.
PROGRAM: Final = "mcp"
PATH: Final = "/mcp"
#: Where who is started by a supervisor finds the socket on which it listens.
STDIN: Final = 0
#: How long answers may take when it ends (seconds).
GRACE_SECONDS: Final = 2
#: Loggers that say at `info` what callers sent, and what was answered.
TALKATIVE: Final = ("mcp", "httpx", "httpcore")
INSTRUCTIONS: Final = (
    "A machine-learning service. `init` gives a model a table, `train` makes a version of it, `estimate` predicts rows,"
    " `explain` says why. Work goes on when a tool stops waiting: `status` tells of it by its task."
)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM. Raises SettingsError for what is no address."""
    settings = Settings.load()
    at = place(args.gateway, os.environ.get("SOCKETS_DIR"))
    where: dict[str, Any] = {"fd": STDIN}
    if not args.on_demand:
        where = _address(args.bind)
    logs.setup(settings, PROGRAM)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    uvicorn.run(
        make_app(Api(at, settings), settings),
        **where,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    return 0


def make_app(api: Api, settings: Settings) -> App:
    """The endpoint as an ASGI app. Each request stands by itself, so that any process may answer it."""

    @asynccontextmanager
    async def closing(_: MCPServer) -> AsyncIterator[None]:
        try:
            yield
        finally:
            await api.close()

    server = MCPServer(
        PROGRAM, title="mlservice", instructions=INSTRUCTIONS, version=logs.installed_version(), lifespan=closing
    )
    Tools(api).offer(server)
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        # NGINX bounds bodies, and `Admission` looks at the origin.
        transport_security=TransportSecuritySettings(enable_dns_rebinding_protection=False),
    )
    return Admission(app, api, origins=settings.origins)


def _address(bind: str) -> dict[str, Any]:
    host, _, port = bind.rpartition(":")
    if not host or not (port.isascii() and port.isdigit() and int(port) <= LAST_PORT):
        raise SettingsError(f"--bind must be HOST:PORT, not {bind[:80]!r}")
    return {"host": host.strip("[]"), "port": int(port)}
