"""The way over HTTP, for threads and for event loops. Needs httpx (`pip install mlservice[client]`)."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from types import ModuleType
from typing import Any, Final, TypeVar

from tasks.calling.http_exchange import Alone, Answer, Call, Exchange, Lost, Pause
from tasks.calling.http_protocol import HttpProtocol
from tasks.calling.request import Request
from tasks.contract import Kind, State
from tasks.errors import SettingsError
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome
from tasks.watch.ending import Live

T = TypeVar("T")
#: How long a connection may take to be made (seconds).
CONNECT_SECONDS: Final = 10.0
#: What requests say of who sends them.
HEADERS: Final = {"User-Agent": "mlservice-client", "Accept": "application/json"}


class HttpTransport:
    """Submits to the service at a URL, and follows what was submitted there. Threads may share it."""

    #: Time between two looks at work that is watched (seconds).
    look_seconds = 0.5

    def __init__(self, protocol: HttpProtocol, *, verify: bool | ssl.SSLContext = True) -> None:
        self.protocol = protocol
        self._httpx = _httpx()
        self._alone = threading.Lock()
        self._client: Any = self._httpx.Client(verify=verify, headers=HEADERS)

    def run(self, exchange: Exchange[T]) -> T:
        """Carry an exchange out."""
        came: Answer | Lost | None = None
        try:
            while True:
                step = exchange.send(came)
                if isinstance(step, Pause):
                    time.sleep(step.seconds)
                    came = None
                elif isinstance(step, Alone):
                    with self._alone:
                        came = self.run(step.exchange())
                else:
                    came = self._sent(step)
        except StopIteration as done:
            found: T = done.value
            return found

    def _sent(self, call: Call) -> Answer | Lost:
        try:
            return _answer(self._client.request(**_arguments(self._httpx, self.protocol, call)))
        except self._httpx.TransportError as error:
            return Lost(_why(error))

    def submit(self, request: Request) -> str:
        """Have the work accepted. Returns the handle's id."""
        return self.run(self.protocol.submit(request))

    def task(self, handle: str) -> Task:
        """State, times and progress."""
        task: Task = self.run(self.protocol.task(handle)).task()
        return task

    def ahead(self, task: Task) -> int:
        """How much queued work is taken before it."""
        return int(self.run(self.protocol.task(task.id)).position or 1) - 1

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""
        return self.run(self.protocol.wait(handle, seconds=seconds))

    def cancel(self, handle: str) -> bool:
        """Cancel it. True if it is over."""
        return self.run(self.protocol.cancel(handle))

    def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest of the caller's tasks."""
        return self.run(self.protocol.tasks(limit=limit, state=state, model=model, kind=kind))

    def live(self, model: str) -> Live | None:
        """Which version of a model answers; None if none does. Raises UnknownModel."""
        return self.run(self.protocol.live(model))

    def page(self, model: str, version: int) -> str:
        """Where the console shows a version."""
        return self.protocol.page(model, version)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()


class AsyncHttpTransport:
    """The same for an event loop: no call holds a thread."""

    #: Time between two looks at work that is watched (seconds).
    look_seconds = 0.5

    def __init__(self, protocol: HttpProtocol, *, verify: bool | ssl.SSLContext = True) -> None:
        self.protocol = protocol
        self._httpx = _httpx()
        self._alone = asyncio.Lock()
        self._client: Any = self._httpx.AsyncClient(verify=verify, headers=HEADERS)

    async def run(self, exchange: Exchange[T]) -> T:
        """Carry an exchange out."""
        came: Answer | Lost | None = None
        try:
            while True:
                step = exchange.send(came)
                if isinstance(step, Pause):
                    await asyncio.sleep(step.seconds)
                    came = None
                elif isinstance(step, Alone):
                    async with self._alone:
                        came = await self.run(step.exchange())
                else:
                    came = await self._sent(step)
        except StopIteration as done:
            found: T = done.value
            return found

    async def _sent(self, call: Call) -> Answer | Lost:
        try:
            return _answer(await self._client.request(**_arguments(self._httpx, self.protocol, call)))
        except self._httpx.TransportError as error:
            return Lost(_why(error))

    async def submit(self, request: Request) -> str:
        """Have the work accepted. Returns the handle's id."""
        return await self.run(self.protocol.submit(request))

    async def task(self, handle: str) -> Task:
        """State, times and progress."""
        task: Task = (await self.run(self.protocol.task(handle))).task()
        return task

    async def ahead(self, task: Task) -> int:
        """How much queued work is taken before it."""
        return int((await self.run(self.protocol.task(task.id))).position or 1) - 1

    async def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""
        return await self.run(self.protocol.wait(handle, seconds=seconds))

    async def cancel(self, handle: str) -> bool:
        """Cancel it. True if it is over."""
        return await self.run(self.protocol.cancel(handle))

    async def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest of the caller's tasks."""
        return await self.run(self.protocol.tasks(limit=limit, state=state, model=model, kind=kind))

    async def close(self) -> None:
        """Give the connections back."""
        await self._client.aclose()


def _arguments(httpx: ModuleType, protocol: HttpProtocol, call: Call) -> dict[str, Any]:
    return {
        "method": call.method,
        "url": protocol.target(call),
        "headers": call.headers,
        "content": call.content,
        "timeout": httpx.Timeout(call.seconds, connect=CONNECT_SECONDS),
    }


def _answer(response: Any) -> Answer:
    return Answer(status=response.status_code, headers=response.headers, content=response.content)


def _why(error: Exception) -> str:
    return str(error) or type(error).__name__


def _httpx() -> ModuleType:
    try:
        import httpx
    except ImportError:
        raise SettingsError(
            "a URL of HTTP needs httpx, which is not installed: pip install 'mlservice[client]'"
        ) from None
    return httpx
