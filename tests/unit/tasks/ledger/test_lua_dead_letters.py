"""The scripts that take out a dead letter."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua
from tests.unit.tasks.ledger.made import ACCEPT_KEYS, GROUP, accept_args

LETTERS = ("letters", "dead")


@pytest.fixture
def dead(lua: Lua) -> Lua:
    """The letters 0 and 2 of one group."""
    lua.redis.hset("letters", mapping={"bodies": "b", "heads": "h"})
    lua.redis.expire("letters", 1000)
    lua.redis.zadd("dead", {"l": 5})
    return lua


def drop(lua: Lua, index: int) -> Any:
    args = ["l", index, 2, 60]
    return lua.run("tasks/ledger/lua/drop_letter.lua", keys=LETTERS, args=args)


def replay(lua: Lua, index: int) -> Any:
    keys, args = [*ACCEPT_KEYS, *LETTERS], [*accept_args(), "l", index, 2, 60]
    return lua.run("tasks/ledger/lua/replay_letter.lua", keys=keys, args=args)


def test_the_last_letter_takes_the_bodies_with_it(dead: Lua) -> None:
    assert drop(dead, 0) is None
    assert dead.redis.hget("letters", "bodies") == "b"
    assert dead.redis.zscore("dead", "l") == 5
    assert drop(dead, 2) is None
    assert dead.redis.hgetall("letters") == {"heads": "h", "taken": "2", "taken0": "1", "taken2": "1"}
    assert not dead.redis.exists("dead")
    assert 50 < dead.redis.ttl("letters") <= 60


def test_a_record_is_kept_no_longer_than_before(dead: Lua) -> None:
    dead.redis.expire("letters", 20)
    drop(dead, 0)
    drop(dead, 2)
    assert dead.redis.ttl("letters") <= 20


def test_a_replay_is_new_work_and_takes_the_letter_out(dead: Lua) -> None:
    assert replay(dead, 2) is None
    record = dead.redis.hgetall(GROUP)
    assert (record["items"], record["kind"], record["bodies"]) == ("1", "estimate", "b")
    assert dead.redis.lrange("queue", 0, -1) == ["message"]
    assert dead.redis.hget("letters", "taken2") == "1"


@pytest.mark.parametrize("take", [drop, replay])
def test_a_letter_is_taken_once(dead: Lua, take: Any) -> None:
    drop(dead, 0)
    before = dead.everything()
    assert take(dead, 0) == "gone"
    assert dead.everything() == before
    drop(dead, 2)
    before = dead.everything()
    assert take(dead, 2) == "gone", "of a group without letters"
    assert dead.everything() == before


@pytest.mark.parametrize("take", [drop, replay])
def test_a_letter_that_is_not_there_is_gone(lua: Lua, take: Any) -> None:
    assert take(lua, 0) == "gone"
    assert not lua.everything()
