"""The script that takes a lock."""

from __future__ import annotations

from typing import Any

from tests.lua import Lua


def take(lua: Lua, holder: str = "me") -> Any:
    return lua.run("tasks/upkeep/lua/lock.lua", keys=["lock"], args=[holder, 10])


def test_one_has_it_for_a_while(lua: Lua) -> None:
    assert (take(lua), take(lua, "other")) == (1, 0)
    assert lua.redis.get("lock") == "me"
    assert 9_000 < lua.redis.pttl("lock") <= 10_000


def test_who_has_it_keeps_it_for_longer(lua: Lua) -> None:
    lua.redis.set("lock", "me", px=500)
    assert take(lua) == 1
    assert 9_000 < lua.redis.pttl("lock") <= 10_000


def test_one_that_ends_sooner_does_so(lua: Lua) -> None:
    lua.redis.set("lock", "me", px=500)
    assert take(lua, "other") == 0
    assert lua.redis.pttl("lock") <= 500


def test_no_clock_that_goes_back_prolongs_it(lua: Lua) -> None:
    lua.redis.set("lock", "me", ex=3600)
    assert take(lua, "other") == 0
    assert 9_000 < lua.redis.pttl("lock") <= 10_000
