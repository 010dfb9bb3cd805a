"""The script that looks at what is watched."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua


@pytest.fixture
def watched(lua: Lua) -> Lua:
    """Three trains that wait, one behind the other, and one that is over."""
    for number, name in enumerate("abc"):
        lua.redis.hset(f"group:{name}", mapping={"kind": "train", "lane": "normal"})
        lua.redis.zadd("pending:train:normal", {name: number})
    lua.redis.hset("group:z", mapping={"kind": "train", "lane": "normal", "started_at": 1, "finished_at": 2})
    return lua


def look(lua: Lua, *groups: str) -> list[tuple[str, str]]:
    args = ["group:", "pending:", "high normal low ", *groups]
    found: Any = lua.run("tasks/ledger/lua/look_watched.lua", keys=["leases"], args=args)
    return list(zip(found[::2], found[1::2], strict=True))


@pytest.mark.parametrize("field", ["started_at", "finished_at", "progress", "retries", "fence", "last_cancel"])
def test_what_watchers_see_changes_the_look(watched: Lua, field: str) -> None:
    (before, _), other = look(watched, "a", "b")
    watched.redis.hset("group:a", field, "5")
    (after, _), same = look(watched, "a", "b")
    assert after != before
    assert same == other


def test_what_they_do_not_see_does_not(watched: Lua) -> None:
    before = look(watched, "a")
    watched.redis.hset("group:a", "holder", "h")
    assert look(watched, "a") == before


def test_only_what_waits_has_a_place(watched: Lua) -> None:
    (_, place), (_, over), (_, gone) = look(watched, "a", "z", "unknown")
    assert place
    assert (over, gone) == ("", "")


def test_a_place_is_another_when_what_is_before_it_may_be(watched: Lua) -> None:
    seen = [look(watched, "c")[0][1]]
    changes: list[tuple[Any, ...]] = [
        (watched.redis.zadd, "leases", {"a": 5}),
        (watched.redis.zrem, "pending:train:normal", "a"),
        (watched.redis.zadd, "pending:train:high", {"x": 9}),
        (watched.redis.zrem, "leases", "a"),
    ]
    for change, *given in changes:
        change(*given)
        seen.append(look(watched, "c")[0][1])
    assert len(set(seen)) == len(seen)
    watched.redis.zadd("pending:estimate:normal", {"y": 1})
    assert look(watched, "c")[0][1] == seen[-1], "work of another kind"
