"""Those who ask at the same time share one read."""

from __future__ import annotations

import asyncio

import pytest

from gateway.commit.sharing import Sharing


class Source:
    """Counts its reads, each of which ends when it is let."""

    def __init__(self, error: Exception | None = None) -> None:
        self.reads = 0
        self.let = asyncio.Event()
        self._error = error

    async def read(self) -> int:
        self.reads += 1
        number = self.reads
        await self.let.wait()
        if self._error is not None:
            raise self._error
        return number


def test_one_read_for_all_and_a_new_one_afterwards() -> None:
    async def run() -> None:
        sharing, source = Sharing[int](), Source()
        asking = [asyncio.create_task(sharing.once("a", source.read)) for _ in range(5)]
        other = asyncio.create_task(sharing.once("b", source.read))
        await asyncio.sleep(0)
        asking[0].cancel()
        source.let.set()
        found = await asyncio.gather(*asking, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert (found[1:], await other, source.reads) == ([1] * 4, 2, 2)
        assert await sharing.once("a", source.read) == 3

    asyncio.run(run())


def test_all_hear_of_an_error_and_the_next_may_do_better() -> None:
    async def run() -> None:
        sharing, broken, whole = Sharing[int](), Source(OSError("away")), Source()
        asking = [asyncio.create_task(sharing.once("a", broken.read)) for _ in range(2)]
        await asyncio.sleep(0)
        broken.let.set()
        whole.let.set()
        for one in asking:
            with pytest.raises(OSError, match="away"):
                await one
        assert await sharing.once("a", whole.read) == 1

    asyncio.run(run())
