"""The scripts that keep webhooks and their messages, and say who delivers."""

from __future__ import annotations

from typing import Any

from tests.lua import Lua, packed

OWN = ("deliveries", "due", "made", "over")


def put(
    lua: Lua, *, old: str = "", new: str = "{}", name: str = "wh", heard: tuple[str, ...] = ("heard:train",)
) -> Any:
    keys = ["webhooks", "of:ada", "told", *OWN]
    args = [name, old, new, 2, 3, packed("heard:train", "heard:init"), packed(*heard)]
    return lua.run("tasks/webhooks/lua/put_webhook.lua", keys=keys, args=args)


def lead(lua: Lua, holder: str, milliseconds: int = 5000) -> Any:
    return lua.run("tasks/webhooks/lua/lead.lua", keys=["deliverer", "fence"], args=[holder, milliseconds])


def fan_out(lua: Lua, *found: str, fence: int = 1, told: tuple[str, ...] = (), most: int = 2) -> Any:
    args = [fence, most, "deliveries:", "due:", "made:", "dropped", packed(*told), packed(*found)]
    return lua.run("tasks/webhooks/lua/fan_out.lua", keys=["fence", "webhooks", "told", "counts"], args=args)


def settle(lua: Lua, message: str, *, again: str = "", fence: int = 1, kept: int = 2, life: int = 50) -> Any:
    keys = ["fence", "webhooks", "counts", *OWN]
    args = [fence, "wh", message, "tried", again, "counted", kept, life]
    return lua.run("tasks/webhooks/lua/settle.lua", keys=keys, args=args)


def test_a_webhook_comes_changes_and_goes(lua: Lua) -> None:
    assert put(lua) == 1
    assert (lua.redis.hgetall("webhooks"), lua.redis.smembers("of:ada")) == ({"wh": "{}"}, {"wh"})
    assert lua.redis.smembers("heard:train") == {"wh"}
    before = lua.everything()
    assert put(lua, old="{other}", new="{1}") == 0
    assert lua.everything() == before
    assert put(lua, old="{}", new="{1}", heard=("heard:init",)) == 1
    assert not lua.redis.exists("heard:train")
    lua.redis.hset("deliveries", "m", "{}")
    assert put(lua, old="{1}", new="", heard=()) == 1
    assert not lua.redis.exists("webhooks", "of:ada", "heard:init", *OWN)
    assert [fields for _, fields in lua.redis.xrange("told")] == [{"changed": "wh"}] * 3


def test_there_are_no_more_than_there_may_be(lua: Lua) -> None:
    assert [put(lua, name=name) for name in "abc"] == [1, 1, -1]
    lua.redis.srem("of:ada", "a", "b")
    assert [put(lua, name=name) for name in "cd"] == [1, -2]


def test_one_delivers_at_a_time(lua: Lua) -> None:
    assert (lead(lua, "a"), lead(lua, "b"), lead(lua, "a")) == (1, 0, 1)
    assert 4000 < lua.redis.pttl("deliverer") <= 5000
    lua.redis.delete("deliverer")
    assert (lead(lua, "b"), lead(lua, "a")) == (2, 0)


def test_what_was_told_becomes_deliveries_once(lua: Lua) -> None:
    lead(lua, "a")
    put(lua)
    lua.redis.delete("told")
    name = lua.redis.xadd("told", {"ended": "g"})
    before = lua.everything()
    assert fan_out(lua, "wh", "m", "{}", fence=7, told=(name,)) == 0
    assert lua.everything() == before
    for _ in range(2):
        assert fan_out(lua, "wh", "m", "{}", "gone", "m", "{}", told=(name,)) == 1
    assert lua.redis.hgetall("deliveries:wh") == {"m": "{}"}
    assert lua.redis.zrange("due:wh", 0, -1) == lua.redis.zrange("made:wh", 0, -1) == ["m"]
    assert not lua.redis.exists("deliveries:gone")
    assert lua.redis.xlen("told") == 0
    assert fan_out(lua, "wh", "n", "{}", "wh", "o", "{}") == 1
    assert (lua.redis.zcard("due:wh"), lua.redis.hgetall("counts")) == (2, {"dropped": "1"})


def test_what_came_of_an_attempt_is_noted(lua: Lua) -> None:
    lead(lua, "a")
    put(lua)
    for message in "abc":
        lua.redis.hset("deliveries", message, "{}")
        lua.redis.zadd("due", {message: 1})
        lua.redis.zadd("made", {message: 1})
    before = lua.everything()
    assert (settle(lua, "a", fence=7), settle(lua, "gone")) == (0, 0)
    assert lua.everything() == before
    assert settle(lua, "a", again="60.5") == 1
    assert 60 < lua.redis.zscore("due", "a") - lua.now() < 61
    assert [settle(lua, message) for message in "abc"] == [1, 1, 1]
    assert (lua.redis.zcard("due"), lua.redis.hgetall("counts")) == (0, {"counted": "4"})
    assert lua.redis.zrange("over", 0, -1) == lua.redis.zrange("made", 0, -1) == ["b", "c"], "the last two are kept"
    assert lua.redis.hgetall("deliveries") == {"b": "tried", "c": "tried"}


def test_a_message_is_sent_again(lua: Lua) -> None:
    keys = ["webhooks", "told", *OWN]

    def again(old: str, new: str) -> Any:
        return lua.run("tasks/webhooks/lua/put_delivery.lua", keys=keys, args=["wh", "m", old, new])

    assert again("", "{}") == -1
    put(lua)
    assert again("", "{}") == 1
    lua.redis.zrem("due", "m")
    lua.redis.zadd("over", {"m": 1})
    assert (again("{other}", "{1}"), again("{}", "{1}")) == (0, 1)
    assert (lua.redis.hgetall("deliveries"), lua.redis.zcard("due"), lua.redis.zcard("over")) == ({"m": "{1}"}, 1, 0)
    assert lua.redis.xrevrange("told", count=1)[0][1] == {"due": "wh"}
