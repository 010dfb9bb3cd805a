"""Records that are watched: who is woken, and when."""

from __future__ import annotations

import asyncio

import pytest

from gateway.commit import following
from gateway.commit.following import Follower, Watched


def test_a_change_of_the_record_wakes_at_once() -> None:
    async def run() -> tuple[int, int]:
        watched = Watched()
        waiting = asyncio.create_task(watched.changed(0, seconds=60))
        await asyncio.sleep(0)
        watched.tell(b"mark", b"place")
        await asyncio.wait_for(waiting, 5)
        watched.tell(b"mark", b"place")
        return watched.turn, watched.changes

    assert asyncio.run(run()) == (1, 1)


@pytest.mark.parametrize(("seconds", "turns"), [(0.0, 3), (60.0, 1)])
def test_another_place_is_told_now_and_then(monkeypatch: pytest.MonkeyPatch, seconds: float, turns: int) -> None:
    monkeypatch.setattr(following, "PLACE_SECONDS", seconds)

    async def run() -> tuple[int, int]:
        watched = Watched()
        for place in (b"3", b"2", b"1", b"1"):
            watched.tell(b"mark", place)
        return watched.turn, watched.changes

    assert asyncio.run(run()) == (turns, 1), "the record is the same"


def test_what_nobody_is_eager_to_hear_of_is_looked_at_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.01)
    looked_at: list[str] = []

    def look(groups: list[str]) -> list[bytes]:
        looked_at.extend(groups)
        return [b""] * 2 * len(groups)

    async def run() -> None:
        follower = Follower(look)
        with follower.watching("slow", eager=False), follower.watching("fast"), follower.watching("both", eager=False):
            looking = asyncio.create_task(follower.follow())
            with follower.watching("both"):
                while looked_at.count("both") < 5:
                    await asyncio.sleep(0.01)
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    asyncio.run(run())
    assert looked_at.count("fast") >= 5
    assert looked_at.count("slow") == 1
