"""What stands for accepted work, in an event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

from tasks.calling.handle import notes_of, progress_of, read_result, stored, succeeded, table_of
from tasks.calling.transport import AsyncTransport
from tasks.contract import State
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome


class AsyncHandle:
    """Accepted work. It ends in exactly one final state, whatever process dies in between."""

    def __init__(self, transport: AsyncTransport, handle: str) -> None:
        self._transport = transport
        self.id = handle

    def __repr__(self) -> str:
        return f"AsyncHandle({self.id!r})"

    def to_json(self) -> str:
        """The handle as a text to store; `handle` of either client takes it up again."""
        return stored(self.id)

    async def task(self) -> Task:
        """State, times and progress. Raises UnknownTask when the result is no longer kept."""
        return await self._transport.task(self.id)

    async def state(self) -> State:
        """The state now."""
        return (await self.task()).state

    async def cancel(self) -> bool:
        """Cancel the work. True if it is over, False if a worker has it and will stop. Raises Conflict if it has
        ended."""
        return await self._transport.cancel(self.id)

    async def watch(self) -> AsyncIterator[dict[str, Any]]:
        """The progress as it comes: `async for progress in handle.watch(): ...`, until the task is over."""
        seen = None
        while True:
            began = time.monotonic()
            task = await self.task()
            progress = progress_of(task)
            if progress is not None and progress != seen:
                seen = progress
                yield progress
            if task.state.final:
                return
            await asyncio.sleep(max(0.0, self._transport.look_seconds - (time.monotonic() - began)))

    async def result(self, *, timeout: float) -> Any:
        """The result, as soon as it is there: what JSON says, or the bytes of another media type. Raises the task's
        error, or TimeoutError after `timeout` seconds."""
        return read_result(await self._outcome(timeout))

    async def table(self, *, timeout: float, library: str = "") -> Any:
        """A result in Arrow as a table of `library`: pyarrow, polars or pandas; of the first that is installed if
        nothing is said. Raises as `result` does."""
        return table_of(await self._outcome(timeout), library=library)

    async def notes(self, *, timeout: float) -> list[dict[str, Any]]:
        """What was done with the rows of an estimate. Raises as `result` does."""
        return notes_of(await self._outcome(timeout))

    async def _outcome(self, timeout: float) -> Outcome:
        return succeeded(self.id, await self._transport.wait(self.id, seconds=timeout), timeout=timeout)
