"""A way for threads, used from an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol, TypeVar

from tasks.calling.request import Request
from tasks.calling.transport import Transport
from tasks.contract import Kind, State
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome

T = TypeVar("T")
#: How many calls go to the service at the same time, each by a thread.
THREADS: Final = 16
#: The first pause between two looks at an outcome that is waited for, and the longest (seconds).
FIRST_SECONDS: Final = 0.005
LONGEST_SECONDS: Final = 0.25


class LookedAt(Transport, Protocol):
    """A way that tells of an outcome without waiting for it."""

    def outcome(self, handle: str) -> Outcome | None:
        """How the task ended; None while it has not."""


class ThreadedTransport:
    """Calls another way in threads of its own. What waits holds none: it looks again after a pause."""

    def __init__(self, way: LookedAt) -> None:
        self._way = way
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="mlservice-client")
        self.look_seconds = way.look_seconds

    async def submit(self, request: Request) -> str:
        """Have the work accepted. Returns the handle's id."""
        return await self._call(lambda: self._way.submit(request))

    async def task(self, handle: str) -> Task:
        """State, times and progress."""
        return await self._call(lambda: self._way.task(handle))

    async def ahead(self, task: Task) -> int:
        """How much queued work is taken before it."""
        return await self._call(lambda: self._way.ahead(task))

    async def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""
        until, pause = time.monotonic() + seconds, FIRST_SECONDS
        while True:
            outcome = await self._call(lambda: self._way.outcome(handle))
            left = until - time.monotonic()
            if outcome is not None or left <= 0:
                return outcome
            await asyncio.sleep(min(pause, left))
            pause = min(2 * pause, LONGEST_SECONDS)

    async def cancel(self, handle: str) -> bool:
        """Cancel it. True if it is over."""
        return await self._call(lambda: self._way.cancel(handle))

    async def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest of the caller's tasks."""
        return await self._call(lambda: self._way.tasks(limit=limit, state=state, model=model, kind=kind))

    async def close(self) -> None:
        """Give the connections back."""
        await self._call(self._way.close)
        self._threads.shutdown(wait=False)

    async def _call(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function)
