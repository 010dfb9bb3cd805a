"""What starts with the event loop, and ends with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any


class Lifespan:
    """Falcon middleware that starts what needs the event loop, and stops it when the last request is answered.

    `start` and `stop` are called first and last; `following` run as tasks in between; `closing` are called at the end.
    """

    def __init__(
        self,
        *,
        start: Callable[[], None],
        stop: Callable[[], Coroutine[Any, Any, None]],
        following: Sequence[Callable[[], Coroutine[Any, Any, None]]],
        closing: Sequence[Callable[[], None]],
    ) -> None:
        self._start = start
        self._stop = stop
        self._following = following
        self._closing = closing

    async def process_startup(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """Called by Falcon before the first request."""
        self._start()
        self._tasks = [asyncio.create_task(follow()) for follow in self._following]

    async def process_shutdown(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """Called by Falcon after the last request."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._stop()
        for close in self._closing:
            close()
        # Connections end in the next turn of the loop.
        await asyncio.sleep(0)
