"""The scripts that count logins which fail."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua

KEYS = ("known", "pair", "account", "address")
#: Free failures, seconds in which one is taken off, life: of both together, of the account, of the address.
BOUNDS = (2, 0, 900, 4, 30, 3000, 6, 0, 800)


def begin(lua: Lua, now: float | str, *, keys: tuple[str, ...] = KEYS) -> Any:
    args = [now, 1, 60, *BOUNDS]
    return lua.run("gateway/identity/lua/begin_login.lua", keys=keys, args=args)


def succeed(lua: Lua) -> Any:
    return lua.run("gateway/identity/lua/succeed_login.lua", keys=KEYS, args=[500])


def failures(lua: Lua) -> dict[str, float]:
    return {key: float(lua.redis.hget(key, "failures") or 0) for key in KEYS[1:]}


def test_an_attempt_counts_as_failed_everywhere(lua: Lua) -> None:
    assert begin(lua, 1000) == 0
    assert failures(lua) == {"pair": 1, "account": 1, "address": 1}
    assert [lua.redis.ttl(key) > life - 10 for key, life in zip(KEYS[1:], (900, 3000, 800), strict=True)] == [True] * 3
    assert not lua.redis.exists("known")


def test_past_the_free_ones_pauses_double(lua: Lua) -> None:
    assert [begin(lua, 1000), begin(lua, 1000)] == [0, 0]
    assert begin(lua, 1000) == 1000, "milliseconds"
    before = lua.everything()
    assert begin(lua, 1000.75) == 250
    assert lua.everything() == before, "what is refused counts not"
    assert begin(lua, 1001) == 0
    assert begin(lua, 1001) == 2000


def test_a_pause_has_an_end(lua: Lua) -> None:
    lua.redis.hset("pair", mapping={"failures": 1000, "at": 1000})
    assert begin(lua, 1000) == 0
    assert begin(lua, 1000) == 60_000
    lua.redis.hset("pair", "until", 10_000)
    assert begin(lua, 1000) == 60_000, "the clock has gone back"
    assert begin(lua, 1059) == 1_000
    assert begin(lua, 1061) == 0


def test_it_is_by_the_clock_of_redis(lua: Lua) -> None:
    assert begin(lua, "") == 0
    assert lua.now() - 10 < float(lua.redis.hget("pair", "at")) <= lua.now() + 0.001


def test_failures_are_taken_off_an_accounts_counter_only(lua: Lua) -> None:
    begin(lua, 1000)
    begin(lua, 1015)
    assert failures(lua) == {"pair": 2, "account": 1.5, "address": 2}


def test_from_a_known_address_the_accounts_counter_slows_nobody(lua: Lua) -> None:
    lua.redis.set("known", 1)
    lua.redis.hset("account", "until", 2000)
    assert begin(lua, 1000) == 0
    assert lua.redis.hgetall("account") == {"until": "2000"}


def test_there_may_be_no_address(lua: Lua) -> None:
    assert begin(lua, 1000, keys=KEYS[:3]) == 0
    assert failures(lua) == {"pair": 1, "account": 1, "address": 0}


def test_success_takes_the_attempt_back_and_makes_the_address_known(lua: Lua) -> None:
    for key in KEYS[1:]:
        lua.redis.hset(key, mapping={"failures": 3, "until": 5})
    assert succeed(lua) == 0
    assert failures(lua) == {"pair": 0, "account": 2, "address": 2}
    assert not lua.redis.exists("pair")
    assert lua.redis.hget("account", "until") is None
    assert 490 < lua.redis.ttl("known") <= 500


@pytest.mark.parametrize("key", ["account", "address"])
def test_a_counter_without_failures_goes(lua: Lua, key: str) -> None:
    lua.redis.hset(key, "failures", 1)
    succeed(lua)
    assert lua.redis.keys() == ["known"]


def test_the_accounts_counter_stays_where_the_address_is_known(lua: Lua) -> None:
    lua.redis.set("known", 1)
    lua.redis.hset("account", "failures", 3)
    succeed(lua)
    assert failures(lua)["account"] == 3
