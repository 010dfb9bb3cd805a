"""The script that accepts a group."""

from __future__ import annotations

import pytest
import redis

from tasks.contract import Kind, Lane
from tasks.ledger.work_counts import SIZE, SUBMITTED, counter
from tests.lua import Lua
from tests.unit.tasks.ledger.made import GROUP, accept

HERE = (Kind.ESTIMATE, Lane.NORMAL)


def test_a_group_is_recorded_published_and_counted(lua: Lua) -> None:
    before = lua.now()
    assert accept(lua, items=3, owners=("ada", 2, "bob", 1), record=("heads", "x")) is None
    record = lua.redis.hgetall(GROUP)
    assert before <= float(record["submitted_at"]) <= lua.now()
    assert (record["items"], record["kind"], record["lane"], record["heads"]) == ("3", "estimate", "normal", "x")
    assert lua.redis.zscore("pending", "g") == float(record["submitted_at"])
    assert lua.redis.lrange("queue", 0, -1) == ["message"]
    assert lua.redis.hgetall("depth") == {"estimate:normal": "3"}
    assert lua.redis.hgetall("unfinished") == {"ada": "2", "bob": "1"}
    listed = [("id", float(record["submitted_at"]))]
    assert (
        lua.redis.zrange("list", 0, -1, withscores=True) == lua.redis.zrange("other", 0, -1, withscores=True) == listed
    )
    assert not lua.redis.exists("deadlines")
    assert lua.counts("counts") == {counter(SUBMITTED, HERE): 3, counter(SIZE, HERE, "4"): 1}


def test_what_comes_later_is_taken_later(lua: Lua) -> None:
    lua.redis.lpush("queue", "earlier")
    accept(lua)
    assert lua.redis.rpop("queue") == "earlier"


def test_a_deadline_is_noted(lua: Lua) -> None:
    accept(lua, deadline=12.5)
    assert lua.redis.zscore("deadlines", "g") == 12.5


def test_a_group_is_accepted_once(lua: Lua) -> None:
    accept(lua)
    before = lua.everything()
    assert accept(lua, items=2) is None
    assert lua.everything() == before


def test_an_idempotency_key_keeps_what_was_accepted_under_it(lua: Lua) -> None:
    assert accept(lua, once_key="once", once=("digest g-0", 100)) is None
    assert lua.redis.get("once") == "digest g-0"
    assert 90 < lua.redis.ttl("once") <= 100
    lua.redis.delete(GROUP)
    before = lua.everything()
    assert accept(lua, once_key="once", once=("other h-0", 100)) == "digest g-0"
    assert lua.everything() == before


@pytest.mark.parametrize(("unfinished", "answer"), [(0, None), (1, None), (2, ["ada", 1]), (5, ["ada", 0])])
def test_an_owner_may_have_only_so_much(lua: Lua, unfinished: int, answer: object) -> None:
    lua.redis.hset("unfinished", "ada", unfinished)
    before = lua.everything()
    assert accept(lua, items=2, owners=("ada", 2), limits=("ada", 2, 3)) == answer
    assert (lua.everything() == before) is bool(answer)


def test_each_owner_who_would_have_too_much_is_told(lua: Lua) -> None:
    lua.redis.hset("unfinished", mapping={"ada": 3, "bob": 1, "cy": 9})
    limits = ("ada", 1, 3, "bob", 1, 3, "cy", 1, 8)
    assert accept(lua, owners=("ada", 1, "bob", 1, "cy", 1), limits=limits) == ["ada", 0, "cy", 0]
    assert not lua.redis.exists(GROUP, "queue")


def test_nothing_is_accepted_at_maxmemory(lua: Lua) -> None:
    with lua.full(), pytest.raises(redis.exceptions.OutOfMemoryError):
        accept(lua)
    assert not lua.everything()
