"""The script that calls a process that rests."""

from __future__ import annotations

from tests.lua import Lua


def test_no_more_are_called_than_may_come(lua: Lua) -> None:
    for calls in (1, 2, 3, 4, 4):
        assert lua.run("tasks/worker/lua/call_resting.lua", keys=["resting"], args=[]) is None
        assert lua.redis.llen("resting") == calls
    assert 0 < lua.redis.ttl("resting") <= 10, "a call that nobody hears is forgotten"
