"""The script with which finished work gives way."""

from __future__ import annotations

from typing import Any

from tests.lua import Lua, packed

#: Ids of groups, and as the list holds them.
HEX = [f"{number:032x}" for number in range(5)]
RAW = [bytes.fromhex(text) for text in HEX]


def made(lua: Lua, *, finished: int, outcomes: str = "outcomes") -> None:
    """Groups of two items of ada's and one of bob's; the first ones are finished."""
    for number, text in enumerate(HEX):
        record = {"owners": packed("ada", 2, "bob", 1), "states": "sfs", "outcomes": outcomes}
        lua.redis.hset(f"group:{text}", mapping=record | ({"finished_at": 5} if number < finished else {}))
        for owner in ("ada", "bob"):
            lua.redis.zadd(f"owner:{owner}", {text: number})
        lua.redis.rpush("finished", RAW[number])


def drop(lua: Lua, count: int, *, refers: str = "redis:") -> Any:
    path = "tasks/upkeep/lua/drop_finished.lua"
    return lua.run(path, keys=["finished"], args=[count, "group:", "owner:", refers])


def test_the_oldest_go_with_their_places_in_the_lists(lua: Lua) -> None:
    made(lua, finished=5)
    assert drop(lua, 2) == [2, 6, []]
    assert not lua.redis.exists(*(f"group:{text}" for text in HEX[:2]))
    assert lua.redis.exists(*(f"group:{text}" for text in HEX[2:])) == 3
    assert lua.redis.zrange("owner:ada", 0, -1) == lua.redis.zrange("owner:bob", 0, -1) == HEX[2:]
    assert lua.redis.llen("finished") == 3


def test_unfinished_work_and_what_has_gone_are_left_alone(lua: Lua) -> None:
    made(lua, finished=1)
    lua.redis.delete(f"group:{HEX[1]}")
    assert drop(lua, 10) == [5, 3, []]
    assert lua.redis.exists(*(f"group:{text}" for text in HEX)) == 3


def test_outcomes_that_refer_to_bytes_are_told(lua: Lua) -> None:
    made(lua, finished=2, outcomes="x redis:abc")
    assert drop(lua, 1) == [1, 3, ["x redis:abc"]]
    assert drop(lua, 1, refers="") == [1, 3, []]


def test_an_empty_list(lua: Lua) -> None:
    assert drop(lua, 3) == [0, 0, []]
