"""The scripts of those who follow accepted work."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua
from tests.unit.tasks.ledger.made import GROUP, accept


def watch(lua: Lua) -> None:
    args = ["p", 40]
    assert lua.run("tasks/ledger/lua/watch.lua", keys=[GROUP, "watchers"], args=args) is None


def test_one_more_process_is_told(lua: Lua) -> None:
    accept(lua)
    lua.redis.sadd("watchers", "q")
    watch(lua)
    assert lua.redis.smembers("watchers") == {"p", "q"}
    assert 30 < lua.redis.ttl("watchers") <= 40


@pytest.mark.parametrize("fields", [{}, {"finished_at": 1}])
def test_nobody_watches_what_is_over(lua: Lua, fields: dict[str, int]) -> None:
    if fields:
        lua.redis.hset(GROUP, mapping=fields)
    watch(lua)
    assert not lua.redis.exists("watchers")


def ahead(lua: Lua, group: str, *, most: int = 100) -> Any:
    keys = ["leases", "normal", "high"]
    return lua.run("tasks/ledger/lua/ahead.lua", keys=keys, args=[group, most])


@pytest.fixture
def lanes(lua: Lua) -> Lua:
    """Three groups in the lane, two in the one before it."""
    lua.redis.zadd("normal", {"a": 1, "b": 2, "c": 3})
    lua.redis.zadd("high", {"x": 5, "y": 6})
    return lua


@pytest.mark.parametrize(("group", "waiting"), [("a", 2), ("b", 3), ("c", 4), ("unknown", 0)])
def test_what_came_earlier_or_is_more_urgent_is_ahead(lanes: Lua, group: str, waiting: int) -> None:
    assert ahead(lanes, group) == waiting


def test_what_a_worker_has_is_not_ahead(lanes: Lua) -> None:
    later = lanes.now() + 60
    lanes.redis.zadd("leases", {"a": later, "x": later, "c": later, "elsewhere": later})
    assert ahead(lanes, "b") == 1
    lanes.redis.zadd("leases", {"a": 1, "x": 1})
    assert ahead(lanes, "b") == 3, "a lease that is over counts not"


def test_only_the_newest_leases_are_looked_at(lanes: Lua) -> None:
    later = lanes.now() + 60
    lanes.redis.zadd("leases", {"a": later, "x": later + 1})
    assert ahead(lanes, "b", most=1) == 2
