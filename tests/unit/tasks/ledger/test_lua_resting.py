"""Whoever accepts or claims an estimate calls a process that rests where there is more than one has in hand."""

from __future__ import annotations

import pytest

from tests.lua import Lua
from tests.unit.tasks.ledger.made import accept, claim

ALONE = 2


def called(lua: Lua) -> int:
    return int(lua.redis.llen("resting"))


def test_nobody_is_called_for_what_comes_alone(lua: Lua) -> None:
    accept(lua)
    assert called(lua) == 0
    assert lua.redis.rpop("queue") == "message"
    assert claim(lua)[ALONE] == 1
    assert called(lua) == 0


def test_one_is_called_while_other_work_has_a_lease(lua: Lua) -> None:
    lua.redis.zadd("leases", {"other": 1})
    accept(lua)
    assert called(lua) == 1
    lua.redis.rpop("queue")
    assert claim(lua)[ALONE] == 0


@pytest.mark.parametrize("queue", ["queue", "queue9"])
def test_one_is_called_while_other_work_waits(lua: Lua, queue: str) -> None:
    accept(lua)
    lua.redis.rpop("queue")
    lua.redis.lpush(queue, "another message")
    assert claim(lua)[ALONE] == 0
    assert called(lua) == 1


def test_one_is_called_if_nobody_takes_what_was_accepted_before(lua: Lua) -> None:
    lua.redis.lpush("queue", "another message")
    accept(lua)
    assert called(lua) == 1


def test_a_call_that_nobody_hears_is_forgotten(lua: Lua) -> None:
    lua.redis.zadd("leases", {"other": 1})
    accept(lua)
    assert 0 < lua.redis.ttl("resting") <= 10


def test_no_more_are_called_than_may_come(lua: Lua) -> None:
    lua.redis.lpush("resting", *["{}"] * 4)
    lua.redis.zadd("leases", {"other": 1})
    accept(lua)
    assert called(lua) == 4
