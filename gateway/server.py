"""The worker class that gunicorn runs the gateway with, and how it ends without a request that fails."""

from __future__ import annotations

import socket
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

#: A process that ends keeps an idle connection so long, because NGINX may be sending on it (seconds).
IDLE_SECONDS: Final = 1.0


class Connection(HttpToolsProtocol):
    """A connection that answers once more what is sent while the process ends."""

    _leaving = False

    def shutdown(self) -> None:
        """Close after the next answer, or after a while without a request."""
        if self.cycle is None or self.cycle.response_complete:
            self._leaving = True
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(IDLE_SECONDS, self.timeout_keep_alive_handler)
        else:
            super().shutdown()

    def on_headers_complete(self) -> None:
        """The header of a request has come."""
        super().on_headers_complete()
        if self._leaving and self.cycle is not None:
            self.cycle.keep_alive = False


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
