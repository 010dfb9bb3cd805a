"""Those who ask for the same at the same time share one read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Sharing(Generic[T]):
    """Reads that are under way, by key. Used on the event loop alone."""

    def __init__(self) -> None:
        self._reading: dict[Hashable, asyncio.Task[T]] = {}

    async def once(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """What `read` returns or raises; while another with this key is under way, what that one does."""
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.create_task(read())
            reading.add_done_callback(lambda done: self._read(key, done))
        # One who goes away does not end it for the others.
        return await asyncio.shield(reading)

    def _read(self, key: Hashable, done: asyncio.Task[T]) -> None:
        self._reading.pop(key, None)
        if not done.cancelled():
            # All who waited may be gone; then nobody else takes note of what it raised.
            done.exception()
