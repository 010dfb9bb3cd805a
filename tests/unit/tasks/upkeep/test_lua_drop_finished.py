"""The script with which finished work gives way."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.lua import Lua

#: Ids of groups, as text without a byte that is none, and as their keys have it.
IDS = [f"{number:016d}" for number in range(5)]
HEX = [text.encode().hex() for text in IDS]
HEADS = [{"owner": "ada", "model": "m"}, {"owner": "ada", "model": "n"}, {"owner": "bob", "model": "m"}]
LISTS = (":ada", ":bob", "m:ada", "n:ada", "m:bob")


def made(lua: Lua, *, finished: int, outcomes: str = "outcomes", states: str = "sfs") -> None:
    """Groups of two items of ada's and one of bob's; the first ones are finished."""
    for number, (text, group) in enumerate(zip(IDS, HEX, strict=True)):
        heads = msgspec.msgpack.encode(HEADS)
        record = {"heads": heads, "kind": "train", "states": states, "outcomes": outcomes}
        lua.redis.hset(f"group:{group}", mapping=record | ({"finished_at": 5} if number < finished else {}))
        for name in LISTS:
            lua.redis.zadd(f"tasks:train::{name}", {text: number})
        lua.redis.zadd("tasks:train:failed::ada", {text: number})
        lua.redis.rpush("finished", text)


def drop(lua: Lua, count: int, *, refers: str = "redis:", due: int | str = "") -> Any:
    path = "tasks/upkeep/lua/drop_finished.lua"
    return lua.run(path, keys=["finished", "left"], args=[count, "group:", "tasks:", refers, due])


def test_the_oldest_go_with_their_places_in_the_lists(lua: Lua) -> None:
    made(lua, finished=5)
    assert drop(lua, 2) == [2, 6, []]
    assert not lua.redis.exists(*(f"group:{text}" for text in HEX[:2]))
    assert lua.redis.exists(*(f"group:{text}" for text in HEX[2:])) == 3
    for name in LISTS:
        assert lua.redis.zrange(f"tasks:train::{name}", 0, -1) == IDS[2:]
    assert lua.redis.zrange("tasks:train:failed::ada", 0, -1) == IDS[2:]
    assert lua.redis.lrange("finished", 0, -1) == IDS[2:]
    assert not lua.redis.exists("left")


@pytest.mark.parametrize(("states", "looked_for"), [("sss", False), ("ssc", True)])
def test_lists_by_state_are_looked_for_where_there_may_be_one(lua: Lua, states: str, looked_for: bool) -> None:
    made(lua, finished=1, states=states)
    drop(lua, 1)
    assert lua.redis.zrange("tasks:train:failed::ada", 0, -1) == IDS[looked_for:]


def test_unfinished_work_and_what_has_gone_are_left_alone(lua: Lua) -> None:
    made(lua, finished=1)
    lua.redis.delete(f"group:{HEX[1]}")
    assert drop(lua, 10) == [5, 3, []]
    assert lua.redis.exists(*(f"group:{text}" for text in HEX)) == 3
    assert lua.redis.exists("left"), "lists may name what has gone"


def test_the_first_that_has_longer_to_live_ends_it(lua: Lua) -> None:
    made(lua, finished=5)
    for text, seconds in zip(HEX, (5, 5, 60, 5, 5), strict=True):
        lua.redis.expire(f"group:{text}", seconds)
    assert drop(lua, 10, due=10_000) == [2, 6, []]
    assert lua.redis.lrange("finished", 0, -1) == IDS[2:]
    assert drop(lua, 10, due=10_000) == [0, 0, []]


def test_outcomes_that_refer_to_bytes_are_told(lua: Lua) -> None:
    made(lua, finished=2, outcomes="x redis:abc")
    assert drop(lua, 1) == [1, 3, ["x redis:abc"]]
    assert drop(lua, 1, refers="") == [1, 3, []]


def test_an_empty_list(lua: Lua) -> None:
    assert drop(lua, 3) == [0, 0, []]
