"""The script that looks which items of groups were cancelled."""

from __future__ import annotations

from typing import Any

from tests.lua import Lua
from tests.unit.tasks.ledger.made import GROUP, accept


def cancelled(lua: Lua, *groups: str) -> Any:
    return lua.run("tasks/ledger/lua/cancelled.lua", keys=groups)


def test_of_each_group_it_tells_the_items_and_which_were_cancelled(lua: Lua) -> None:
    accept(lua, items=3)
    lua.redis.hset("another", mapping={"items": 1, "cancel0": 1})
    assert cancelled(lua, GROUP, "another", "unknown") == [[3], [1, 0], [0]]
    lua.redis.hset(GROUP, mapping={"cancel0": 1, "cancel2": 1})
    assert cancelled(lua, GROUP) == [[3, 0, 2]]


def test_what_is_finished_has_no_items(lua: Lua) -> None:
    accept(lua)
    lua.redis.hset(GROUP, mapping={"cancel0": 1, "finished_at": 1})
    before = lua.everything()
    assert cancelled(lua, GROUP) == [[0]]
    assert lua.everything() == before
