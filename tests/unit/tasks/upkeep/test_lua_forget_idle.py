"""The script that forgets owners who have nothing unfinished."""

from __future__ import annotations

from tests.lua import Lua

FORGET = "tasks/upkeep/lua/forget_idle.lua"


def test_who_has_work_stays(lua: Lua) -> None:
    lua.redis.hset("unfinished", mapping={"ada": 0, "bob": 2, "cy": 0})
    assert lua.run(FORGET, keys=["unfinished"], args=["ada", "bob", "nobody"]) == 1
    assert lua.redis.hgetall("unfinished") == {"bob": "2", "cy": "0"}
