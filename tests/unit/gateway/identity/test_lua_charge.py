"""The script that charges a request to an account."""

from __future__ import annotations

from typing import Any

from tests.lua import Lua


def charge(lua: Lua, now: float | str, *limits: tuple[str, int, object]) -> Any:
    args = [now, 3600, *(part for limit in limits for part in limit)]
    return lua.run("gateway/identity/lua/charge.lua", keys=["quota"], args=args)


def test_a_bucket_empties_and_fills_at_its_rate(lua: Lua) -> None:
    assert [charge(lua, 1000, ("requests", 3, 1)) for _ in range(3)] == [[0, 0, 2], [0, 0, 1], [0, 0, 0]]
    assert charge(lua, 1000, ("requests", 3, 1)) == [334, 1, 0]
    assert charge(lua, 1000.5, ("requests", 3, 1)) == [0, 0, 0]
    assert charge(lua, 2000, ("requests", 3, 1)) == [0, 0, 2], "it holds what may be used in a second"


def test_what_is_refused_costs_nothing(lua: Lua) -> None:
    both = [("requests", 5, 1), ("bytes", 10, 10)]
    assert charge(lua, 1000, *both) == [0, 0, 4, 0]
    assert charge(lua, 1000, *both) == [1000, 2, 4, 0]
    assert charge(lua, 1000, *both) == [1000, 2, 4, 0]


def test_what_is_greater_than_the_bucket_leaves_a_debt(lua: Lua) -> None:
    assert charge(lua, 1000, ("bytes", 10, 35)) == [0, 0, 0]
    assert float(lua.redis.hget("quota", "bytes")) == -25
    assert charge(lua, 1000, ("bytes", 10, 1)) == [2600, 1, 0]
    assert 3 <= lua.redis.ttl("quota") <= 5, "it is kept for as long as there is a debt"


def test_what_workers_write_is_paid_first(lua: Lua) -> None:
    rows = ("rows", 10, 0)
    assert charge(lua, 1000, rows) == [0, 0, 10]
    assert 3590 < lua.redis.ttl("quota") <= 3600
    lua.redis.hset("quota", "owed", 15)
    assert charge(lua, 1000, rows) == [500, 1, 0]
    assert lua.redis.hget("quota", "owed") == "0"
    assert charge(lua, 1001, rows) == [0, 0, 5]


def test_a_limit_that_is_not_asked_now_refuses_nothing(lua: Lua) -> None:
    lua.redis.hset("quota", mapping={"rows": -5, "at": 1000})
    assert charge(lua, 1000, ("rows", 10, "")) == [0, 0, 0]
    assert float(lua.redis.hget("quota", "rows")) == -5


def test_a_clock_that_goes_back_gives_nothing_and_takes_nothing(lua: Lua) -> None:
    charge(lua, 4600, ("requests", 2, 1))
    assert charge(lua, 1000, ("requests", 2, 1)) == [0, 0, 0]
    assert charge(lua, 1000, ("requests", 2, 1)) == [500, 1, 0]
    assert charge(lua, 1000.5, ("requests", 2, 1)) == [0, 0, 0]


def test_it_is_by_the_clock_of_redis(lua: Lua) -> None:
    charge(lua, "", ("requests", 2, 1))
    assert lua.now() - 10 < float(lua.redis.hget("quota", "at")) <= lua.now()
