"""The script that frees a lock."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua


def unlock(lua: Lua) -> Any:
    return lua.run("tasks/upkeep/lua/unlock.lua", keys=["lock"], args=["me", 500])


def test_its_holder_frees_it_after_a_while(lua: Lua) -> None:
    lua.redis.set("lock", "me", ex=60)
    assert unlock(lua) == 1
    assert 0 < lua.redis.pttl("lock") <= 500


@pytest.mark.parametrize("holder", ["other", ""])
def test_that_of_another_or_none_stays_as_it_is(lua: Lua, holder: str) -> None:
    if holder:
        lua.redis.set("lock", holder)
    assert unlock(lua) == 0
    assert lua.redis.pttl("lock") == (-1 if holder else -2)
