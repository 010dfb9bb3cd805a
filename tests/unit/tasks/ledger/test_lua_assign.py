"""Whoever accepts an estimate beside which there is no other gives it to the process that waits for such."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.lua import Lua
from tests.unit.tasks.ledger.made import GROUP, accept, claim

LIST = "own"


@pytest.fixture(autouse=True)
def alive(lua: Lua) -> Iterator[Any]:
    """What says that there is a process which waits."""
    lua.redis.set("assignee", f"60\nthe holder\n{LIST}")
    lua.redis.hset("model:m", mapping={"current": "3", "identity3": "x"})
    with lua.redis.pubsub() as channel:
        channel.subscribe(LIST)
        channel.get_message(timeout=1)
        yield channel


def given(lua: Lua) -> dict[str, Any] | None:
    """What it was given: the parts, and the record among them."""
    item = lua.redis.rpop(LIST)
    if item is None:
        return None
    numbers, _, rest = item.partition("\n")
    count, *lengths = map(int, numbers.split())
    parts = []
    for length in lengths:
        parts.append(rest[:length])
        rest = rest[length:]
    assert rest == ""
    group, *flat = parts
    record = dict(zip(flat[count::2], flat[count + 1 :: 2], strict=True))
    return {"group": group, "models": flat[:count], "record": record}


def test_it_is_claimed_and_given(lua: Lua) -> None:
    before = lua.now()
    accept(lua, record=("heads", "a b\nc"))
    assert not lua.redis.exists("queue", "resting")
    record = lua.redis.hgetall(GROUP)
    assert (record["fence"], record["holder"]) == ("1", "the holder")
    assert record["started_at"] == record["submitted_at"]
    assert before + 60 <= lua.redis.zscore("leases", "g") <= lua.now() + 60
    found = given(lua)
    assert found is not None
    assert (found["group"], found["models"]) == ("g", ["m", "3", "x"])
    held = ("submitted_at", "started_at", "fence", "holder", "kind", "lane", "reply", "models", "bodies", "heads")
    assert found["record"] == {name: record[name] for name in held}


def test_what_it_is_given_is_what_a_claim_would_say(lua: Lua) -> None:
    accept(lua)
    found = given(lua)
    assert found is not None
    lua.redis.zrem("leases", "g")
    lua.redis.hdel(GROUP, "fence", "holder", "started_at")
    flat, models, _ = claim(lua)
    # The last of two that have the same name counts.
    claimed = dict(zip(flat[::2], flat[1::2], strict=True))
    assert found["models"] == models
    ours = {name: value for name, value in found["record"].items() if name not in {"started_at", "holder"}}
    assert ours.items() <= claimed.items()
    assert claimed.keys() - found["record"].keys() == {"items", "owners"}


def test_its_list_does_not_stay_for_ever(lua: Lua) -> None:
    accept(lua)
    assert 0 < lua.redis.ttl(LIST) <= 60


def test_a_model_without_a_version_has_none(lua: Lua) -> None:
    lua.redis.delete("model:m")
    accept(lua)
    found = given(lua)
    assert found is not None
    assert found["models"] == ["m", "", ""]


@pytest.mark.parametrize("lane", ["high", "normal", "low"])
def test_nothing_is_given_while_there_is_other_work(lua: Lua, lane: str) -> None:
    lua.redis.hset("depth", f"estimate:{lane}", 1)
    accept(lua)
    assert given(lua) is None
    assert lua.redis.lrange("queue", 0, -1) == ["message"]
    assert lua.redis.hget(GROUP, "fence") is None
    assert not lua.redis.exists("leases")


def test_nothing_is_given_where_nobody_waits(lua: Lua) -> None:
    lua.redis.delete("assignee")
    accept(lua)
    assert lua.redis.lrange("queue", 0, -1) == ["message"]


def test_nothing_is_given_to_one_that_is_gone(lua: Lua, alive: Any) -> None:
    alive.close()
    accept(lua)
    assert given(lua) is None
    assert lua.redis.lrange("queue", 0, -1) == ["message"]
    assert lua.redis.hget(GROUP, "fence") is None


def test_nothing_is_given_that_is_not_to_be(lua: Lua) -> None:
    accept(lua, assignee="")
    assert given(lua) is None
    assert lua.redis.lrange("queue", 0, -1) == ["message"]


def test_trains_do_not_hinder_it(lua: Lua) -> None:
    lua.redis.hset("depth", "train:normal", 1)
    lua.redis.zadd("leases", {"train": lua.now() + 60})
    accept(lua)
    assert given(lua) is not None


def test_a_group_of_many_is_given_too(lua: Lua) -> None:
    accept(lua, items=3, owners=("ada", 2, "bob", 1))
    assert given(lua) is not None
