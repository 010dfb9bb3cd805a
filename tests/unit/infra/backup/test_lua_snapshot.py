"""The script that reads all keys at one moment."""

from __future__ import annotations

from tests.lua import Lua


def test_all_types_are_read_and_others_left_out(lua: Lua) -> None:
    lua.redis.set("ml:one", "text", pxat=9_000_000_000_000)
    lua.redis.hset("ml:two", mapping={"a": "1"})
    lua.redis.rpush("ml:three", "x", "y", "x")
    lua.redis.sadd("ml:four", "x")
    lua.redis.zadd("ml:five", {"m": 0.5})
    lua.redis.set("another", "text")
    lua.redis.set("ml:not:this", "text")
    lua.redis.set("queues", "text")
    lua.redis.rpush("queue", "message")
    found = lua.run("infra/backup/lua/snapshot.lua", keys=[], args=[2, 1, "ml:", "none", "queue", "ml:not:"])
    assert sorted(found) == [
        ["ml:five", "zset", -1, ["m", "0.5"]],
        ["ml:four", "set", -1, ["x"]],
        ["ml:one", "string", 9_000_000_000_000, ["text"]],
        ["ml:three", "list", -1, ["x", "y", "x"]],
        ["ml:two", "hash", -1, ["a", "1"]],
        ["queue", "list", -1, ["message"]],
    ]


def test_of_many_keys_each_is_read_once(lua: Lua) -> None:
    with lua.redis.pipeline(transaction=False) as pipe:
        for number in range(5000):
            pipe.set(f"ml:{number}", number)
        pipe.execute()
    found = lua.run("infra/backup/lua/snapshot.lua", keys=[], args=[1, 0, "ml:"])
    assert sorted(int(key[3][0]) for key in found) == list(range(5000))
