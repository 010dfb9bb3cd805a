"""The scripts that claim a group, extend leases and put a group back."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.contract import Kind, Lane
from tasks.ledger.work_counts import REDELIVERED, counter
from tests.lua import Lua
from tests.unit.tasks.ledger.made import GROUP, accept, claim

HERE = (Kind.ESTIMATE, Lane.NORMAL)


def pairs(flat: list[str]) -> dict[str, str]:
    return dict(zip(flat[::2], flat[1::2], strict=True))


def test_a_claim_takes_a_lease_and_gives_the_record(lua: Lua) -> None:
    accept(lua)
    before = lua.now()
    record = pairs(claim(lua)[0])
    assert (record["fence"], record["holder"], record["bodies"]) == ("1", "h", "b")
    assert before <= float(record["started_at"]) <= lua.now()
    assert before + 60 <= lua.redis.zscore("leases", "g") <= lua.now() + 60
    assert record == lua.redis.hgetall(GROUP)
    assert counter(REDELIVERED, HERE) not in lua.counts("counts")


def test_a_claim_gives_the_current_version_of_each_model(lua: Lua) -> None:
    accept(lua, record=("models", "one two three"))
    lua.redis.hset("model:one", mapping={"current": 7, "identity7": "seven"})
    lua.redis.hset("model:two", "current", 2)
    assert claim(lua)[1] == ["one", "7", "seven", "two", "2", "", "three", "", ""]


def test_what_is_held_finished_or_unknown_cannot_be_claimed(lua: Lua) -> None:
    assert claim(lua) is None
    assert not lua.everything()
    accept(lua)
    claim(lua)
    for spoil in (lambda: None, lambda: lua.redis.delete("leases") and lua.redis.hset(GROUP, "finished_at", 1)):
        spoil()
        before = lua.everything()
        assert claim(lua, holder="other") is None
        assert lua.everything() == before


def test_a_lease_that_is_over_lets_another_claim(lua: Lua) -> None:
    accept(lua)
    started = pairs(claim(lua)[0])["started_at"]
    lua.redis.zadd("leases", {"g": lua.now() - 0.001})
    record = pairs(claim(lua, holder="other")[0])
    assert (record["fence"], record["holder"], record["started_at"]) == ("2", "other", started)
    assert lua.counts("counts")[counter(REDELIVERED, HERE)] == 1


def extend(lua: Lua) -> Any:
    return lua.run("tasks/ledger/lua/extend_leases.lua", keys=["leases"], args=[100])


def test_every_lease_is_extended_and_none_made_shorter(lua: Lua) -> None:
    long = lua.now() + 1000
    lua.redis.zadd("leases", {"over": 5, "short": lua.now() + 1, "long": long})
    assert extend(lua) is None
    assert lua.redis.zscore("leases", "over") == lua.redis.zscore("leases", "short") > lua.now() + 99
    assert lua.redis.zscore("leases", "long") == long


def put_back(lua: Lua, *, holder: str = "", excused: int = 0, timed_out: int = 0, over_memory: int = 0) -> Any:
    keys, args = [GROUP, "leases", "queue", ""], ["g", "again", holder, excused, timed_out, over_memory]
    return lua.run("tasks/ledger/lua/put_back.lua", keys=keys, args=args)


def test_what_nobody_holds_is_put_back_as_the_next(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    lua.redis.hset(GROUP, mapping={"progress": "x", "trying": "0:1", "strikes0": 1})
    lua.redis.zadd("leases", {"g": 5})
    assert put_back(lua, excused=1, timed_out=1, over_memory=1) == 1
    assert lua.redis.rpop("queue") == "again"
    assert not lua.redis.exists("leases")
    record = lua.redis.hgetall(GROUP)
    assert not record.keys() & {"started_at", "progress", "holder", "excused", "timed_out", "over_memory"}
    assert (record["trying"], record["strikes0"]) == ("0:1", "1"), "only its holder excuses a delivery"


def test_its_holder_puts_it_back_and_may_excuse_the_delivery(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    lua.redis.hset(GROUP, mapping={"trying": "12:1", "strikes12": 2})
    assert put_back(lua, holder="h", excused=1, timed_out=1, over_memory=1) == 1
    record = lua.redis.hgetall(GROUP)
    assert (record["excused"], record["strikes12"]) == ("1", "1")
    assert (record["timed_out"], record["over_memory"]) == ("1", "1")
    assert "trying" not in record


def test_its_holder_may_count_the_delivery(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    assert put_back(lua, holder="h") == 1
    assert not lua.redis.hgetall(GROUP).keys() & {"excused", "timed_out"}


@pytest.mark.parametrize("holder", ["", "other"])
def test_what_another_holds_is_not_put_back(lua: Lua, holder: str) -> None:
    accept(lua)
    claim(lua)
    before = lua.everything()
    assert put_back(lua, holder=holder) == 0
    assert lua.everything() == before


@pytest.mark.parametrize("record", [{}, {"finished_at": 1}])
def test_what_is_finished_or_unknown_only_loses_its_lease(lua: Lua, record: dict[str, int]) -> None:
    if record:
        lua.redis.hset(GROUP, mapping=record)
    lua.redis.zadd("leases", {"g": lua.now() + 60})
    assert put_back(lua) == 0
    assert not lua.redis.exists("leases", "queue")


def test_what_is_accepted_is_worked_on_at_maxmemory(lua: Lua) -> None:
    accept(lua)
    with lua.full():
        assert claim(lua) is not None
        assert extend(lua) is None
        assert put_back(lua, holder="h", excused=1) == 1
