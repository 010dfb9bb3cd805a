"""The protocol of Redis (RESP 2) for an event loop: what is sent, and the replies in the same order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, Final

import hiredis
from redis import exceptions

from tasks.storage.replicas import LONELY

#: What is said of a reply that has not come.
LATE: Final = "Redis did not answer in time"

#: Called with the channel and the bytes of each message.
OnMessage = Callable[[bytes, bytes], None]


class Protocol(asyncio.Protocol):
    """Replies come in the order of the commands; messages of subscriptions in between."""

    def __init__(self, closed: asyncio.Future[None], on_message: OnMessage | None, *, timeout_seconds: float) -> None:
        self.closed = closed
        self._loop = closed.get_loop()
        self._timeout = timeout_seconds
        self._timer: asyncio.TimerHandle | None = None
        self._on_message = on_message
        self._reader = hiredis.Reader(replyError=_error)
        #: The replies to come, and when each is late.
        self._waiting: deque[tuple[asyncio.Future[Any], float]] = deque()
        self._transport: asyncio.Transport | None = None

    @property
    def open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def send(self, command: tuple[Any, ...]) -> asyncio.Future[Any]:
        if self._transport is None or not self.open:
            raise exceptions.ConnectionError("the connection to Redis is closed")
        reply = self._loop.create_future()
        self._waiting.append((reply, self._loop.time() + self._timeout))
        if self._timer is None:
            self._timer = self._loop.call_later(self._timeout, self._look)
        self._transport.write(hiredis.pack_command(command))
        return reply

    def _look(self) -> None:
        """One timer for all replies: it is there while one is to come, and looks whether the first is late."""
        self._timer = None
        if not self._waiting:
            return
        reply, late_at = self._waiting[0]
        if self._loop.time() < late_at:
            self._timer = self._loop.call_at(late_at, self._look)
            return
        if not reply.done():
            reply.set_exception(exceptions.TimeoutError(LATE))
        # Whatever the reply is, it would be taken for that of the next command.
        self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport) or hasattr(transport, "write")
        self._transport = transport  # type: ignore[assignment]

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        while (reply := self._reader.gets()) is not False:
            if self._on_message is not None and isinstance(reply, list) and reply[0] == b"message":
                self._on_message(reply[1], reply[2])
                continue
            waiting, _ = self._waiting.popleft()
            if waiting.done():
                continue
            if isinstance(reply, exceptions.RedisError):
                waiting.set_exception(reply)
                if isinstance(reply, exceptions.ReadOnlyError) or str(reply).startswith(LONELY):
                    # It was the primary when it was connected to.
                    self.close()
            else:
                waiting.set_result(reply)

    def connection_lost(self, error: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for waiting, _ in self._waiting:
            if not waiting.done():
                waiting.set_exception(exceptions.ConnectionError("the connection to Redis broke"))
        self._waiting.clear()
        if not self.closed.done():
            self.closed.set_result(None)


def _error(text: str) -> exceptions.RedisError:
    """The error of redis-py that a reply stands for, as far as it matters here."""
    code, _, message = text.partition(" ")
    kinds: dict[str, type[exceptions.RedisError]] = {
        "NOSCRIPT": exceptions.NoScriptError,
        "OOM": exceptions.OutOfMemoryError,
        "LOADING": exceptions.BusyLoadingError,
        "READONLY": exceptions.ReadOnlyError,
        "NOAUTH": exceptions.AuthenticationError,
        "WRONGPASS": exceptions.AuthenticationError,
    }
    return kinds[code](message) if code in kinds else exceptions.ResponseError(text)
