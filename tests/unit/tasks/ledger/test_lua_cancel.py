"""The script that cancels an item."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.lua import Lua
from tests.unit.tasks.ledger.made import GROUP, accept, claim


def cancel(lua: Lua, index: int = 0) -> Any:
    return lua.run("tasks/ledger/lua/cancel.lua", keys=[GROUP, "leases"], args=["g", index, "tasks:", "id"])


def accepted(lua: Lua, *heads: dict[str, object]) -> None:
    whole = [{"owner": "ada", "model": "m", **head} for head in heads]
    accept(lua, items=len(heads), record=("heads", msgspec.msgpack.encode(whole)))


def test_an_item_that_waits_is_cancelled(lua: Lua) -> None:
    accepted(lua, {}, {})
    assert cancel(lua, 1) == [0, 0]
    assert 0 < lua.now() - float(lua.redis.hget(GROUP, "cancel1")) < 5
    assert cancel(lua, 0) == [0, 1], "then all of the group is cancelled"


def test_it_is_listed_as_cancelled(lua: Lua) -> None:
    accepted(lua, {}, {})
    cancel(lua, 1)
    listed = [("id", float(lua.redis.hget(GROUP, "submitted_at")))]
    for model in ("", "m"):
        assert lua.redis.zrange(f"tasks:estimate:cancelled:{model}:ada", 0, -1, withscores=True) == listed


def test_a_worker_has_what_it_holds_a_lease_of(lua: Lua) -> None:
    accepted(lua, {})
    claim(lua)
    assert cancel(lua) == [1, 1]
    lua.redis.zadd("leases", {"g": lua.now() - 1})
    lua.redis.hset(GROUP, "started_at", 1)
    lua.redis.hdel(GROUP, "cancel0")
    assert cancel(lua) == [0, 1]


def test_a_running_item_is_cancelled_twice_at_its_first_time(lua: Lua) -> None:
    accepted(lua, {})
    claim(lua)
    cancel(lua)
    first = lua.redis.hget(GROUP, "cancel0")
    assert cancel(lua) == [1, 1]
    assert lua.redis.hget(GROUP, "cancel0") == first


@pytest.mark.parametrize("ahead", [3600, -3600])
def test_what_came_first_does_not_depend_on_the_clock(lua: Lua, ahead: int) -> None:
    accepted(lua, {}, {})
    cancel(lua, 0)
    lua.redis.hset(GROUP, mapping={"cancel0": lua.now() + ahead, "last_cancel": lua.now() + ahead})
    claim(lua)
    started = float(lua.redis.hget(GROUP, "started_at"))
    assert float(lua.redis.hget(GROUP, "cancel0")) <= started
    cancel(lua, 1)
    assert float(lua.redis.hget(GROUP, "cancel1")) > started


def test_an_item_that_is_not_there_is_unknown(lua: Lua) -> None:
    assert cancel(lua) is None
    accepted(lua, {})
    before = lua.everything()
    assert cancel(lua, 1) is None
    assert lua.everything() == before


@pytest.mark.parametrize(
    ("head", "fields"),
    [
        ({}, {"finished_at": 1}),
        ({}, {"version": 1}),
        ({}, {"stored": 1}),
        ({"deadline": 10}, {}),
        ({"deadline": 10}, {"started_at": 11}),
        ({}, {"cancel0": 10}),
        ({}, {"cancel0": 10, "started_at": 11}),
    ],
)
def test_an_item_that_has_ended_is_not_cancelled(lua: Lua, head: dict[str, object], fields: dict[str, int]) -> None:
    accepted(lua, head)
    if fields:
        lua.redis.hset(GROUP, mapping=fields)
    before = lua.everything()
    assert cancel(lua) == 0
    assert lua.everything() == before


def test_a_deadline_that_was_met_is_no_end(lua: Lua) -> None:
    accepted(lua, {"deadline": 10})
    lua.redis.hset(GROUP, "started_at", 9)
    assert cancel(lua) == [0, 1]


def test_work_is_cancelled_at_maxmemory(lua: Lua) -> None:
    accepted(lua, {})
    with lua.full():
        assert cancel(lua) == [0, 1]
