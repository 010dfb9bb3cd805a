"""Group commit: who leaves with whom, and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import redis

from gateway.commit import gathering
from gateway.commit.dispatch import Dispatcher, capacity_for
from gateway.commit.gathering import (
    LARGE_ITEMS,
    LINGER_ITEMS,
    LINGER_SECONDS,
    SUBMIT_PATIENCE,
    WAY_SECONDS,
    Ticket,
)
from gateway.commit.waiting import Waiting
from gateway.wiring.async_redis import AsyncRedis
from tasks.contract import GROUP_BYTES, GROUP_ITEMS, Kind, Lane, Media, State
from tasks.errors import TooManyRequests, Unavailable
from tasks.ledger.counts import Refusal, refusal
from tasks.ledger.groups import Head, read_bodies, read_heads
from tasks.ledger.outcomes import Outcome, Reply
from tasks.ledger.store import Ledger
from tests.servers import address


class RecordingWire(AsyncRedis):
    """A wire that keeps what it is asked to accept, and refuses if told to."""

    def __init__(self) -> None:
        super().__init__(address("unix:///nowhere"), timeout_seconds=1)
        self.groups: list[dict[str, Any]] = []
        self.refuses = False
        #: What is answered once to who would have too much.
        self.full: list[Any] | None = None

    async def run(self, script: str, *, keys: list[str], args: list[Any]) -> Any:
        await asyncio.sleep(0)
        if self.refuses:
            raise redis.exceptions.ConnectionError("gone")
        if self.full is not None:
            full, self.full = self.full, None
            return full
        record = dict(zip(args[10::2], args[11::2], strict=True))
        bodies = read_bodies(record["bodies"])
        self.groups.append(
            {"id": args[0], "lane": record["lane"], "heads": read_heads(record["heads"]), "bodies": bodies}
        )
        return None

    @property
    def sizes(self) -> list[int]:
        return [len(group["heads"]) for group in self.groups]


class House:
    """A dispatcher on a recording wire; `answer` lets a group come back."""

    def __init__(
        self,
        *,
        linger_seconds: float = LINGER_SECONDS,
        submit_patience: float = SUBMIT_PATIENCE,
        # Longer than a busy machine lets this process stand.
        long_seconds: float = 60,
    ) -> None:
        self.wire = RecordingWire()
        self.waiting = Waiting(
            "p", wire=lambda _: AsyncRedis(address("unix:///nowhere"), timeout_seconds=1), forget_account=print
        )
        ids = iter(range(10**6))
        ledger = Ledger(redis.Redis(unix_socket_path="/nowhere"))
        self.counted: Counter[str] = Counter()
        self.dispatcher = Dispatcher(
            ledger,
            self.wire,
            waiting=self.waiting,
            count=lambda field, times: self.counted.update({field: times}),
            new_id=lambda: f"{next(ids):032x}",
            linger_seconds=linger_seconds,
            submit_patience=submit_patience,
            long_seconds=long_seconds,
        )
        self.dispatcher.set_capacity(1)

    def submit(self, body: bytes = b"{}", *, lane: Lane = Lane.NORMAL, waits: bool = True) -> asyncio.Task[Any]:
        head = Head(owner="ada", model="m")
        return asyncio.create_task(self.dispatcher.submit(Kind.ESTIMATE, lane, head=head, body=body, waits=waits))

    def answer(self, number: int) -> None:
        group = self.wire.groups[number]
        outcomes = [Outcome(State.SUCCEEDED, Media.JSON, b"{}")] * len(group["heads"])
        self.waiting._deliver(Reply(group["id"], outcomes))


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody who waits for a result loses patience, however long a busy machine lets this process stand."""
    monkeypatch.setattr(gathering, "WAIT_PATIENCE", 60)


def run(test: Callable[[House], Coroutine[Any, Any, None]], **seconds: float) -> None:
    async def main() -> None:
        await test(House(**seconds))

    asyncio.run(asyncio.wait_for(main(), timeout=10))


def test_a_single_request_waits_for_nobody() -> None:
    async def test(house: House) -> None:
        ticket = await house.submit(b"body")
        assert ticket.handle == f"{0:032x}-0"
        assert house.wire.groups[0]["bodies"][0] == b"body"

    run(test)


def test_requests_of_one_turn_leave_together_in_order() -> None:
    async def test(house: House) -> None:
        tickets = await asyncio.gather(*(house.submit(b"%d" % i) for i in range(5)))
        assert house.wire.sizes == [5]
        assert [ticket.handle[-1] for ticket in tickets] == list("01234")
        assert house.wire.groups[0]["bodies"][3] == b"3"

    run(test)


def test_what_comes_while_a_group_flies_leaves_when_it_lands() -> None:
    async def test(house: House) -> None:
        await house.submit()
        later = [house.submit() for _ in range(7)]
        await asyncio.sleep(0.01)
        assert house.wire.sizes == [1]
        house.answer(0)
        await asyncio.gather(*later)
        assert house.wire.sizes == [1, 7]

    run(test)


def test_after_a_larger_group_those_who_were_answered_are_waited_for() -> None:
    async def test(house: House) -> None:
        await asyncio.gather(*(house.submit() for _ in range(LINGER_ITEMS)))
        house.answer(0)
        await asyncio.sleep(0)
        first = [house.submit() for _ in range(LINGER_ITEMS // 2)]
        await asyncio.sleep(LINGER_SECONDS / 20)
        assert house.wire.sizes == [LINGER_ITEMS]
        rest = [house.submit() for _ in range(LINGER_ITEMS - len(first))]
        await asyncio.gather(*first, *rest)
        assert house.wire.sizes == [LINGER_ITEMS, LINGER_ITEMS]

    # Longer than a busy machine lets this process stand.
    run(test, linger_seconds=60)


def test_a_large_group_does_not_wait_for_another_one() -> None:
    async def test(house: House) -> None:
        house.dispatcher.set_capacity(1, most=2)
        await house.submit()
        waiting = [house.submit() for _ in range(LARGE_ITEMS - 1)]
        await asyncio.sleep(0.01)
        assert house.wire.sizes == [1], "a small one waits"
        await asyncio.gather(*waiting, house.submit())
        assert house.wire.sizes == [1, LARGE_ITEMS]
        third = [house.submit() for _ in range(2 * LARGE_ITEMS)]
        await asyncio.sleep(0.01)
        assert house.wire.sizes == [1, LARGE_ITEMS], "no more than two fly"
        house.answer(0)
        await asyncio.gather(*third)
        assert house.wire.sizes == [1, LARGE_ITEMS, 2 * LARGE_ITEMS]

    run(test)


def test_where_items_take_long_groups_share_them() -> None:
    async def test(house: House) -> None:
        house.dispatcher.set_capacity(1, most=3)
        await house.submit()
        others = [house.submit() for _ in range(8)]
        await asyncio.sleep(2 * WAY_SECONDS)
        assert house.wire.sizes == [1], "that it is slow is not known yet"
        house.answer(0)
        await asyncio.gather(*others)
        assert house.wire.sizes == [1, 3, 3, 2]
        last = house.submit()
        await asyncio.sleep(0.01)
        assert house.wire.sizes == [1, 3, 3, 2], "no more than three fly"
        house.answer(3)
        await last

    run(test, long_seconds=0, linger_seconds=0)


def test_where_items_take_little_they_wait_for_the_group_before_them() -> None:
    async def test(house: House) -> None:
        house.dispatcher.set_capacity(1, most=2)
        await house.submit()
        house.answer(0)
        await house.submit()
        waiting = [house.submit() for _ in range(2)]
        await asyncio.sleep(0.01)
        assert house.wire.sizes == [1, 1]
        house.answer(1)
        await asyncio.gather(*waiting)
        assert house.wire.sizes == [1, 1, 2]

    run(test)


def test_two_who_ask_in_turn_get_to_ask_together() -> None:
    async def test(house: House) -> None:
        await house.submit()
        other = asyncio.ensure_future(house.submit())
        await asyncio.sleep(0.01)
        house.answer(0)
        await asyncio.sleep(0.01)
        assert house.wire.sizes == [1], "the other is held"
        await asyncio.gather(other, house.submit())
        assert house.wire.sizes == [1, 2]

    # Longer than a busy machine lets this process stand.
    run(test, linger_seconds=60)


def test_where_nobody_comes_again_others_are_held_less_and_less_often() -> None:
    async def test(house: House) -> None:
        held = []
        await house.submit()
        for turn in range(12):
            following = asyncio.ensure_future(house.submit())
            await asyncio.sleep(0)
            house.answer(turn)
            await asyncio.sleep(0.005)
            held.append(len(house.wire.sizes) == turn + 1)
            await following
        # In vain once, then after one, after three, after seven more.
        assert [turn for turn, is_held in enumerate(held) if is_held] == [0, 2, 6]
        assert set(house.wire.sizes) == {1}

    # A fifth of it is how long they are held: longer than a busy machine lets this process stand.
    run(test, linger_seconds=5)


def test_who_does_not_come_again_is_not_waited_for_long() -> None:
    async def test(house: House) -> None:
        await asyncio.gather(*(house.submit() for _ in range(LINGER_ITEMS)))
        house.answer(0)
        await asyncio.sleep(0)
        await house.submit()
        assert house.wire.sizes == [LINGER_ITEMS, 1]

    run(test)


def test_a_submit_that_is_held_is_accepted_although_nothing_lands() -> None:
    async def test(house: House) -> None:
        house.dispatcher.set_capacity(2)
        await asyncio.gather(*(house.submit() for _ in range(LINGER_ITEMS)))
        await house.submit()
        house.dispatcher.set_capacity(1)
        house.answer(0)
        await asyncio.sleep(0)
        await asyncio.wait_for(house.submit(waits=False), timeout=SUBMIT_PATIENCE + 0.5)
        assert house.wire.sizes == [LINGER_ITEMS, 1, 1]

    run(test)


def test_a_submit_that_does_not_wait_is_accepted_although_nothing_lands() -> None:
    async def test(house: House) -> None:
        await house.submit(waits=False)
        loop = asyncio.get_running_loop()
        start = loop.time()
        await asyncio.gather(*(house.submit(waits=False) for _ in range(3)))
        assert SUBMIT_PATIENCE * 0.5 < loop.time() - start < SUBMIT_PATIENCE + 0.5
        assert house.wire.sizes == [1, 3]

    run(test)


def test_submits_leave_when_all_who_were_accepted_are_here_again() -> None:
    async def client(house: House) -> None:
        while True:
            await house.submit(waits=False)

    async def test(house: House) -> None:
        await house.submit(waits=False)
        clients = [asyncio.create_task(client(house)) for _ in range(3 * LINGER_ITEMS)]
        # Nothing lands, and nobody loses patience.
        while house.wire.sizes.count(len(clients)) < 3:
            await asyncio.sleep(0)
        for one in clients:
            one.cancel()

    # Longer than a busy machine lets this process stand.
    run(test, submit_patience=60)


def test_lanes_are_not_mixed_and_do_not_wait_for_each_other() -> None:
    async def test(house: House) -> None:
        await asyncio.gather(*(house.submit(lane=lane) for lane in Lane for _ in range(2)))
        assert [(group["lane"], len(group["heads"])) for group in house.wire.groups] == [
            ("high", 2),
            ("normal", 2),
            ("low", 2),
        ]

    run(test)


@pytest.mark.parametrize("lane", Lane)
def test_groups_are_bounded_in_items(lane: Lane) -> None:
    async def test(house: House) -> None:
        house.dispatcher.set_capacity(100)
        most = GROUP_ITEMS[lane]
        await asyncio.gather(*(house.submit(lane=lane) for _ in range(2 * most + 1)))
        assert house.wire.sizes == [most, most, 1]

    run(test)


def test_groups_are_bounded_in_bytes() -> None:
    async def test(house: House) -> None:
        house.dispatcher.set_capacity(100)
        half = b"x" * (GROUP_BYTES // 2)
        house.dispatcher._ledger.inline_bytes = GROUP_BYTES
        await asyncio.gather(house.submit(half), house.submit(half), house.submit(b"x"))
        assert house.wire.sizes == [2, 1]

    run(test)


def test_who_is_refused_hears_it_and_the_next_is_accepted() -> None:
    async def test(house: House) -> None:
        house.wire.refuses = True
        results = await asyncio.gather(*(house.submit() for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [Unavailable] * 3
        assert "gone" not in str(results[0])
        assert house.counted == {refusal(Kind.ESTIMATE, Lane.NORMAL, Refusal.UNRECORDED): 3}
        house.wire.refuses = False
        assert (await house.submit()).handle
        assert house.counted.total() == 3

    run(test)


def test_who_would_have_too_much_is_refused_and_counted() -> None:
    async def test(house: House) -> None:
        house.wire.full = [b"ada", 1]
        results = await asyncio.gather(*(house.submit(lane=Lane.HIGH) for _ in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [Ticket, TooManyRequests, TooManyRequests]
        assert house.counted == {refusal(Kind.ESTIMATE, Lane.HIGH, Refusal.QUEUED): 2}

    run(test)


@pytest.mark.parametrize(
    ("processes", "gateways", "capacity"), [(0, 0, 1), (1, 2, 1), (2, 2, 1), (2, 1, 2), (16, 2, 8), (16, 0, 16)]
)
def test_capacity_follows_the_fleet(processes: int, gateways: int, capacity: int) -> None:
    assert capacity_for(processes, gateways=gateways) == capacity
