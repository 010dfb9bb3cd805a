"""The worker class that gunicorn runs the gateway with, and how it ends without a request that fails."""

from __future__ import annotations

import socket
from typing import Any

from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from gateway.serving.connection import Connection


class GracefulServer(Server):
    """Tells the app first that it ends, so that no request waits any longer for its work."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answer what is there, and end."""
        app: Any = self.config.app
        app.let_go()
        await super().shutdown(sockets)


class GatewayWorker(UvicornWorker):  # type: ignore[misc]
    """uvicorn on uvloop and httptools. Addresses of clients are NGINX's business, so no header is read for them."""

    CONFIG_KWARGS = {"loop": "uvloop", "http": Connection, "lifespan": "on", "proxy_headers": False, "ws": "none"}

    async def _serve(self) -> None:
        self.config.app = self.wsgi
        self._install_sigquit_handler()
        await GracefulServer(config=self.config).serve(sockets=self.sockets)
