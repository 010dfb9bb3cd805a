"""A gang whose members run in the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Final

from tasks.cluster.asked import Distributed
from tasks.cluster.following import Following
from tasks.cluster.joining import Worker, connected, join
from tasks.estimators.gang import Told

#: How often whoever asked is told that the fit goes on, or what the first member said (seconds).
PULSE_SECONDS: Final = 0.25
#: How long the end of a fit may take, in which its members are ended (seconds). Members that do not hear of it end by
#: themselves, when nobody looks at them.
END_SECONDS: Final = 10.0


class DaskGang:
    """As the protocol says. What is said to Dask is said in a thread of its own: a time limit, which is raised in the
    main thread wherever that happens to be, would be lost in an event loop."""

    def __init__(self, scheduler: str) -> None:
        self._scheduler = scheduler
        self._workers: Sequence[Worker] = ()
        #: What is not as in a fit of one process.
        self.remarks: list[str] = []

    def join(self, asked: Distributed) -> None:
        """Find the workers. Raises InvalidField for more than there are, ClusterFailed if the scheduler is away or a
        worker has not what ours have."""
        self._workers = join(self._scheduler, asked)

    @property
    def size(self) -> int:
        """How many members there are."""
        return len(self._workers)

    @property
    def threads(self) -> int:
        """How many threads each may use: as many as the worker with the fewest has."""
        return min(worker.threads for worker in self._workers)

    def remark(self, message: str) -> None:
        """Keep a message for the result."""
        if message not in self.remarks:
            self.remarks.append(message)

    def run(self, jobs: Sequence[Mapping[str, bytes]], tell: Told) -> bytes:
        """As the protocol says."""
        events: SimpleQueue[Any] = SimpleQueue()
        aside = _Aside(self._run(jobs, events))
        try:
            while not aside.outcome.done():
                with suppress(Empty):
                    event = events.get(timeout=PULSE_SECONDS)
                    tell(event)
                    continue
                tell(None)
            while not events.empty():
                tell(events.get())
            return aside.outcome.result()
        finally:
            aside.end()

    async def _run(self, jobs: Sequence[Mapping[str, bytes]], events: SimpleQueue[Any]) -> bytes:
        async with connected(self._scheduler) as client:
            following = Following(client, self._workers)
            try:
                return await following.made(jobs, events.put)
            finally:
                await following.stop()


class _Aside:
    """A coroutine that runs in a thread."""

    def __init__(self, work: Any) -> None:
        self.outcome: Future[bytes] = Future()
        self._begun = threading.Event()
        self._thread = threading.Thread(target=asyncio.run, args=(self._run(work),), daemon=True)
        self._thread.start()

    async def _run(self, work: Any) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.ensure_future(work)
        self._begun.set()
        try:
            self.outcome.set_result(await self._task)
        except BaseException as error:
            self.outcome.set_exception(error)

    def end(self) -> None:
        """End it, and wait for what it does at its end."""
        self._begun.wait()
        with suppress(RuntimeError):
            # A loop that has ended takes nothing.
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(END_SECONDS)
