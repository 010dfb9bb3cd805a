"""Who hears of a reply: at once, once, and also if it was there before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from gateway.commit.waiting import Expected, Waiting
from gateway.wiring.async_redis import AsyncRedis
from tasks.ledger.outcomes import Reply

REPLY = Reply("g", [])


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def expected() -> Expected:
    return Expected("g", asyncio.get_running_loop().create_future())


def test_a_reply_is_told_at_once_and_once() -> None:
    async def scene() -> None:
        one, heard, over = expected(), list[Reply | None](), list[str]()
        one.over = lambda: over.append("over")
        assert one.listen(heard.append, seconds=60)
        assert one.waiters == 1
        one.tell(REPLY)
        one.tell(REPLY)
        assert (heard, over, one.waiters) == ([REPLY], ["over"], 0)

    play(scene())


def test_a_reply_that_was_there_before_is_told_as_well() -> None:
    async def scene() -> None:
        one, heard = expected(), list[Reply | None]()
        one.tell(REPLY)
        assert not one.listen(heard.append, seconds=60)
        other = expected()
        other.tell(None)
        assert not other.listen(heard.append, seconds=60)
        assert heard == [REPLY, None]

    play(scene())


def test_who_leaves_hears_nothing() -> None:
    async def scene() -> None:
        one, heard = expected(), list[Reply | None]()
        one.listen(heard.append, seconds=60)
        one.leave(heard.append)
        one.leave(heard.append)
        one.tell(REPLY)
        assert (heard, one.waiters) == ([], 0)

    play(scene())


def test_who_has_listened_for_long_hears_that_nothing_came() -> None:
    async def scene() -> None:
        one, heard = expected(), list[Reply | None]()
        one.listen(heard.append, seconds=0.01)
        one.listen(heard.append, seconds=60)
        while len(heard) < 2:
            await asyncio.sleep(0.01)
        one.tell(REPLY)
        assert (heard, one.waiters) == ([None, None], 0)

    play(scene())


def test_a_reply_that_does_not_come_counts_no_longer_after_a_while() -> None:
    async def scene() -> None:
        wire = AsyncRedis("unix:///nowhere", timeout_seconds=1)
        waiting = Waiting("p", wire=lambda _: wire, forget_account=print)
        one, over = waiting.expect("g"), asyncio.Event()
        one.over = over.set
        waiting.limit(one, seconds=0.01)
        await asyncio.wait_for(over.wait(), 20)
        assert waiting.expect("g") is not one

    play(scene())
