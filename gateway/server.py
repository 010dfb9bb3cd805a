"""The worker class that gunicorn runs the gateway with, and how it ends without a request that fails."""

from __future__ import annotations

import asyncio
import socket
from types import FrameType
from typing import Any, Final

from uvicorn.server import Server
from uvicorn_worker import UvicornWorker

from gateway.serving.connection import Connection

#: How often a process looks at its clock (seconds): its answers bear the time, and gunicorn is to know that it turns.
TICK_SECONDS: Final = 1.0


class GracefulServer(Server):
    """Tells the app first that it ends, so that no request waits any longer for its work.

    While nobody speaks to it, it turns ten times less often than uvicorn's.
    """

    _turn: asyncio.Future[None] | None = None

    async def main_loop(self) -> None:
        """Turn until a signal says that the process ends."""
        self._loop = asyncio.get_running_loop()
        # The number of a turn in which uvicorn does all that it does in some.
        while not await self.on_tick(0):
            self._turn = self._loop.create_future()
            due = self._loop.call_later(TICK_SECONDS, self._end_turn)
            await self._turn
            due.cancel()

    def _end_turn(self) -> None:
        if self._turn is not None and not self._turn.done():
            self._turn.set_result(None)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal says that the process ends."""
        super().handle_exit(sig, frame)
        if self._turn is not None:
            self._loop.call_soon_threadsafe(self._end_turn)

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
