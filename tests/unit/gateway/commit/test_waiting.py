"""Who hears of a reply: at once, once, and also if it was there before."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from gateway.commit.waiting import Expected, Waiting
from gateway.wiring.async_redis import AsyncRedis
from tasks.ledger.outcomes import Reply
from tests.servers import address

REPLY = Reply("g", [])


def play(scene: Coroutine[Any, Any, None]) -> None:
    asyncio.run(scene)


def expected() -> Expected:
    return Expected("g", asyncio.get_running_loop().create_future())


def test_a_reply_is_told_at_once_and_once() -> None:
    async def scene() -> None:
        one, heard, over = expected(), list[Reply | None](), list[str]()
        one.over = lambda: over.append("over")
        assert one.listen(heard.append)
        assert one.waiters == 1
        one.tell(REPLY)
        one.tell(REPLY)
        assert (heard, over, one.waiters) == ([REPLY], ["over"], 0)

    play(scene())


def test_a_reply_that_was_there_before_is_told_as_well() -> None:
    async def scene() -> None:
        one, heard = expected(), list[Reply | None]()
        one.tell(REPLY)
        assert not one.listen(heard.append)
        other = expected()
        other.tell(None)
        assert not other.listen(heard.append)
        assert heard == [REPLY, None]

    play(scene())


def test_who_leaves_hears_nothing() -> None:
    async def scene() -> None:
        one, heard = expected(), list[Reply | None]()
        one.listen(heard.append)
        one.leave(heard.append)
        one.leave(heard.append)
        one.tell(REPLY)
        assert (heard, one.waiters) == ([], 0)

    play(scene())


def test_a_reply_that_does_not_come_is_waited_for_and_reckoned_with_for_a_while() -> None:
    async def scene() -> None:
        wire = AsyncRedis(address("unix:///nowhere"), timeout_seconds=1)
        waiting = Waiting("p", wire=lambda _: wire, forget_account=print, patience_seconds=0.01)
        one, other, told = waiting.expect("g"), waiting.expect("h"), list[object]()
        over = asyncio.Event()
        one.over = over.set
        one.listen(told.append)
        for each in (one, other):
            waiting.limit(each)
        # Whoever leaves early does not change what is in flight.
        waiting.drop(one)
        assert waiting.expect("g") is one
        await asyncio.wait_for(over.wait(), 20)
        assert (told, one.waiters) == ([None], 0)
        while waiting.expect("h") is other:
            await asyncio.sleep(0.01)
        assert waiting.expect("g") is not one

    play(scene())
