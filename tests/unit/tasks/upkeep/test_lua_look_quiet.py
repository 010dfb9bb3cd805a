"""The script that looks whether there is any work that may have been left."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua


def look(lua: Lua) -> Any:
    return lua.run("tasks/upkeep/lua/look_quiet.lua", keys=["looked", "leases", "pending", "suspects"], args=[4])


def test_where_there_is_nothing_somebody_has_looked(lua: Lua) -> None:
    assert look(lua) == 1
    seconds, microseconds = lua.redis.time()
    assert float(lua.redis.get("looked")) == pytest.approx(seconds + microseconds / 1e6, abs=5)


@pytest.mark.parametrize(("ago", "again"), [(2, False), (5, True), (-60, True)])
def test_a_new_note_stays(lua: Lua, ago: int, *, again: bool) -> None:
    """One of a time that has not come yet does not."""
    noted = f"{lua.redis.time()[0] - ago}.000"
    lua.redis.set("looked", noted)
    assert look(lua) == 1
    assert (lua.redis.get("looked") != noted) is again


@pytest.mark.parametrize("key", ["leases", "pending", "suspects"])
def test_where_there_is_work_it_has_to_be_looked_at(lua: Lua, key: str) -> None:
    lua.redis.zadd(key, {"group": 1})
    assert look(lua) == 0
    assert not lua.redis.exists("looked")
