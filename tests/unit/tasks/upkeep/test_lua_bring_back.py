"""The script that brings back what lies in a future that the clock has gone back from."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua


def bring_back(lua: Lua, *, most: int = 100) -> Any:
    args = [8, 90, "group:", most]
    return lua.run("tasks/upkeep/lua/bring_back.lua", keys=["leases", "train", "estimate"], args=args)


def test_leases_and_waits_are_no_longer_than_they_can_be(lua: Lua) -> None:
    now = lua.now()
    lua.redis.hset("group:held", "holder", "h")
    lua.redis.hset("group:late", "holder", "h")
    until = {"held": now + 6, "late": now + 3600, "waits": now + 60, "waits long": now + 3600, "over": now - 3600}
    lua.redis.zadd("leases", until)
    assert bring_back(lua) == 2
    found = dict(lua.redis.zrange("leases", 0, -1, withscores=True))
    assert found.pop("late") == pytest.approx(lua.now() + 8, abs=5)
    assert found.pop("waits long") == pytest.approx(lua.now() + 90, abs=5)
    assert found == {name: pytest.approx(until[name]) for name in ("held", "waits", "over")}


def test_work_is_not_younger_than_now_and_keeps_its_order(lua: Lua) -> None:
    now = lua.now()
    lua.redis.zadd("train", {"z": now - 9, "b": now + 3600, "c": now + 3601, "a": now + 3602})
    lua.redis.zadd("estimate", {"e": now + 7200})
    assert bring_back(lua, most=2) == 3
    assert lua.redis.zrange("train", 0, -1) == ["z", "b", "c", "a"]
    assert bring_back(lua, most=2) == 1
    assert lua.redis.zrange("train", 0, -1) == ["z", "b", "c", "a"]
    assert lua.redis.zcount("train", "-inf", lua.now()) == 4
    assert bring_back(lua) == 0
