"""Work in a thread for a task that may be cancelled."""

from __future__ import annotations

import asyncio
import threading

from tasks.threads import in_thread


def test_what_is_cancelled_ends_after_its_thread() -> None:
    begun, go, over = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go.wait(10)
        over.set()

    async def look() -> None:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait, 10)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, go.set)
        await asyncio.wait((task,))
        assert task.cancelled()
        assert over.is_set()

    asyncio.run(look())


def test_what_it_gives_and_raises() -> None:
    assert asyncio.run(in_thread(int, "7")) == 7

    async def look() -> str:
        try:
            await in_thread(int, "x")
        except ValueError as error:
            return str(error)
        return ""

    assert "x" in asyncio.run(look())
