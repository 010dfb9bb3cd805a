"""The script that renews leases."""

from __future__ import annotations

from tests.lua import Lua


def renew(lua: Lua, *groups: str) -> None:
    keys, args = ["leases"], [100, "group:", "h", *groups]
    assert lua.run("tasks/worker/lua/renew_leases.lua", keys=keys, args=args) is None


def test_only_its_holder_renews_a_lease(lua: Lua) -> None:
    lua.redis.zadd("leases", {"mine": 5, "other": 5})
    lua.redis.hset("group:mine", "holder", "h")
    lua.redis.hset("group:other", "holder", "o")
    lua.redis.hset("group:free", "holder", "h")
    renew(lua, "mine", "other", "free", "unknown")
    assert lua.now() + 99 < lua.redis.zscore("leases", "mine") <= lua.now() + 100
    assert lua.redis.zscore("leases", "other") == 5
    assert lua.redis.zcard("leases") == 2, "a lease that was given up comes not back"


def test_leases_are_renewed_at_maxmemory(lua: Lua) -> None:
    lua.redis.zadd("leases", {"mine": 5})
    lua.redis.hset("group:mine", "holder", "h")
    with lua.full():
        renew(lua, "mine")
    assert lua.redis.zscore("leases", "mine") > 5
