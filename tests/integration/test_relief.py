"""A Redis that fills up: the oldest results give way, what is asked for is done, and unfinished work never goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media, State
from tasks.errors import UnknownTask
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.counts import DROPPED
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger
from tasks.ledger.task_index import list_key
from tasks.redis_keys import BLOB_KEY, FINISHED_KEY, GROUP_KEY, LEFT_KEY
from tasks.upkeep.budget import Budget
from tasks.upkeep.relief import END, drop_expiring, relieve
from tests.servers import Valkey

pytestmark = pytest.mark.integration

#: Bytes of one result, small enough for a record and so large that few fill the memory.
RESULT = 100_000


class Filling:
    """A Redis with a bound of memory, and groups of one estimate in it."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.ledger = Ledger(client, settings=settings)
        self.pressure = Backpressure(client, settings)

    def accept(self) -> str:
        group = Group(
            id=new_group_id(),
            kind=Kind.ESTIMATE,
            lane=Lane.NORMAL,
            heads=[Head(owner="ada", model="m")],
            bodies=[b"{}"],
        )
        self.ledger.accept(group)
        return group.id

    def finish(self, group: str, *, size: int = RESULT, dead: bool = False) -> str:
        claim = self.ledger.claim(group)
        assert claim is not None
        done = failure(UnknownTask("x" * 10)) if dead else Outcome(State.SUCCEEDED, Media.JSON, b"1" * size)
        self.ledger.finish(claim, [done], dead=dead)
        return group

    def bound(self, *, room: int) -> None:
        """Let Redis have so many bytes more than it uses."""
        memory: Any = self.client.info("memory")
        self.client.config_set("maxmemory", int(memory["used_memory"] + room))

    @property
    def part(self) -> float:
        """How much of what may be used is used."""
        memory: Any = self.client.info("memory")
        return float(memory["used_memory"] / (memory["maxmemory"] * self.settings.max_memory_part))


@pytest.fixture
def filling() -> Iterator[Filling]:
    with Valkey() as valkey, valkey.client() as client:
        yield Filling(client, Settings(redis_url=valkey.redis_url))


def test_the_oldest_results_go_and_work_is_accepted_all_the_time(filling: Filling) -> None:
    waiting = [filling.accept() for _ in range(5)]
    letter = filling.finish(filling.accept(), dead=True)
    filling.bound(room=40 * RESULT)
    done: list[str] = []
    for _ in range(150):
        assert filling.pressure.measure() == {}, f"refused after {len(done)}"
        done.append(filling.finish(filling.accept()))
        relieve(filling.client, filling.settings, budget=Budget(5))
    there = [bool(filling.client.exists(GROUP_KEY.format(group=group))) for group in done]
    kept = there.index(True)
    assert 0 < kept < len(done), "some went, and not all"
    assert all(there[kept:]), "those that were finished first went first"
    assert all(filling.client.exists(GROUP_KEY.format(group=group)) for group in (*waiting, letter))
    for model in (None, "m"):
        listed = filling.client.zcard(list_key(Kind.ESTIMATE, "ada", model=model))
        assert listed == len(waiting) + 1 + len(done) - kept
    counted: Any = filling.client.hget("ml:counts", DROPPED)
    assert int(counted) == kept
    with pytest.raises(UnknownTask, match="no longer kept"):
        History(filling.client).task(f"{done[0]}-0")
    assert filling.ledger.claim(waiting[0]) is not None


def test_nothing_goes_while_there_is_room_or_no_bound(filling: Filling) -> None:
    group = filling.finish(filling.accept())
    assert relieve(filling.client, filling.settings, budget=Budget(5)) == 0
    filling.bound(room=100 * RESULT)
    assert relieve(filling.client, filling.settings, budget=Budget(5)) == 0
    assert filling.client.exists(GROUP_KEY.format(group=group))


def test_that_results_will_go_is_said_before_they_do(filling: Filling) -> None:
    filling.pressure.measure()
    assert filling.pressure.warning is None, "there is no bound"
    filling.finish(filling.accept())
    for part, warned in ((0.78, False), (0.85, True), (0.95, True)):
        memory: Any = filling.client.info("memory")
        bound = memory["used_memory"] / part / filling.settings.max_memory_part
        filling.client.config_set("maxmemory", int(bound))
        assert filling.pressure.measure() == {}
        assert bool(filling.pressure.warning) is warned, part
    assert "the results that were finished first are kept no longer" in str(filling.pressure.warning)


def test_no_more_goes_than_has_to(filling: Filling) -> None:
    for _ in range(100):
        filling.finish(filling.accept())
    filling.bound(room=0)
    assert relieve(filling.client, filling.settings, budget=Budget(5)) > 0
    assert END - 0.6 < filling.part <= END


def test_large_results_in_redis_go_with_their_records(filling: Filling) -> None:
    large = filling.finish(filling.accept(), size=2 * filling.settings.inline_bytes)
    references: Any = filling.client.keys(BLOB_KEY.format(digest=f"{large}*"))
    assert len(references) == 1
    filling.bound(room=0)
    relieve(filling.client, filling.settings, budget=Budget(5))
    assert not filling.client.exists(*references)


def test_redis_full_of_unfinished_work_refuses_and_keeps_it(filling: Filling) -> None:
    waiting = [filling.accept() for _ in range(20)]
    filling.bound(room=0)
    assert relieve(filling.client, filling.settings, budget=Budget(5)) == 0
    assert set(filling.pressure.measure()) != set()
    assert all(filling.client.exists(GROUP_KEY.format(group=group)) for group in waiting)


def test_what_is_over_in_a_moment_goes_with_its_places_in_lists(filling: Filling) -> None:
    groups = [filling.finish(filling.accept(), size=1) for _ in range(5)]
    for group in groups[:2]:
        filling.client.expire(GROUP_KEY.format(group=group), 5)
    assert drop_expiring(filling.client, filling.settings, budget=Budget(5)) == 2
    left = [bytes.fromhex(group) for group in groups[2:]]
    assert filling.client.lrange(FINISHED_KEY, 0, -1) == left
    assert filling.client.zrange(list_key(Kind.ESTIMATE, "ada"), 0, -1) == left
    assert filling.client.zrange(list_key(Kind.ESTIMATE, "ada", model="m"), 0, -1) == left
    assert not filling.client.exists(*(GROUP_KEY.format(group=group) for group in groups[:2]))
    assert not filling.client.exists(LEFT_KEY)


def test_what_has_gone_by_itself_is_noted(filling: Filling) -> None:
    groups = [filling.finish(filling.accept(), size=1) for _ in range(5)]
    for group in groups[:2]:
        filling.client.delete(GROUP_KEY.format(group=group))
    assert drop_expiring(filling.client, filling.settings, budget=Budget(5)) == 2
    assert filling.client.llen(FINISHED_KEY) == 3
    assert filling.client.exists(LEFT_KEY), "the next sweep looks through the lists"
