"""Owners take turns: accept.lua and put_back.lua note what waits, and claim.lua says whose turn it is."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tasks.contract import Kind, Lane
from tasks.ledger.work_counts import accepted_offsets
from tests.lua import Lua, packed
from tests.unit.tasks.ledger.made import claim_args

#: What the key of a group begins with.
RECORD: Final = "record:"
TURNS: Final = "turns:train"


def accept(lua: Lua, group: str, owner: str, *, lane: str = "normal") -> None:
    """Accept a train."""
    keys = [RECORD + group, "pending", "queue", "depth", "unfinished", "deadlines", "", "counts", TURNS]
    args = [group, group, f"train:{lane}", 1, packed(owner, 1), "owner:", "", "", 0, ""]
    args += [*accepted_offsets((Kind.TRAIN, Lane(lane)), 1), *("",) * 6, "kind", "train", "lane", lane, "models", "m"]
    lua.run("tasks/ledger/lua/accept.lua", keys=keys, args=args)


def claim(lua: Lua, group: str, *, share: int = 1) -> Any:
    """True if it was claimed; the group whose turn comes first; None."""
    args = claim_args(group, share=share, prefix=RECORD)
    found = lua.run("tasks/ledger/lua/claim.lua", keys=[RECORD + group, "leases", "counts"], args=args)
    return found[0] if found is not None and len(found) == 1 else found and True


def put_back(lua: Lua, group: str, *, holder: str = "") -> int:
    keys = [RECORD + group, "leases", "queue", TURNS]
    return int(lua.run("tasks/ledger/lua/put_back.lua", keys=keys, args=[group, group, holder, 0, 0]))


def end(lua: Lua, group: str) -> None:
    """What the end of a group leaves."""
    lua.redis.hset(RECORD + group, "finished_at", 1)
    lua.redis.zrem("leases", group)


def waiting(lua: Lua, *owners: str) -> list[Any]:
    return [lua.redis.zrange(TURNS, 0, -1), *(lua.redis.zrange(f"{TURNS}:{owner}", 0, -1) for owner in owners)]


def test_alone_an_owner_may_have_all(lua: Lua) -> None:
    for group in ("a1", "a2", "a3"):
        accept(lua, group, "ada")
    assert waiting(lua, "ada") == [["ada"], ["a1", "a2", "a3"]]
    assert [claim(lua, group) for group in ("a1", "a2", "a3")] == [True, True, True]
    assert waiting(lua, "ada") == [[], []]
    assert lua.redis.hgetall("running:train") == {"a1": "ada", "a2": "ada", "a3": "ada"}


def test_who_has_a_share_gives_way_to_who_has_none_and_nothing_is_counted(lua: Lua) -> None:
    for group in ("a1", "a2", "a3"):
        accept(lua, group, "ada")
    for group in ("b1", "b2"):
        accept(lua, group, "bob")
    assert claim(lua, "a1") is True
    before = lua.redis.hgetall(RECORD + "a2")
    assert claim(lua, "a2") == "b1"
    assert lua.redis.hgetall(RECORD + "a2") == before
    assert claim(lua, "b1") is True
    assert claim(lua, "a2") is True, "both have one"
    assert claim(lua, "a3") == "b2", "two against one"
    end(lua, "a1")
    end(lua, "a2")
    assert claim(lua, "b2") == "a3", "none against one"


def test_below_the_share_work_is_done_as_it_came(lua: Lua) -> None:
    for group, owner in (("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bob")):
        accept(lua, group, owner)
    assert [claim(lua, group, share=2) for group in ("a1", "a2", "a3")] == [True, True, "b1"]


def test_without_a_share_all_is_done_as_it_came(lua: Lua) -> None:
    for group, owner in (("a1", "ada"), ("a2", "ada"), ("b1", "bob")):
        accept(lua, group, owner)
    assert [claim(lua, group, share=0) for group in ("a1", "a2", "b1")] == [True, True, True]


def test_the_one_with_the_fewest_comes_first_and_of_those_the_most_urgent_and_oldest(lua: Lua) -> None:
    for group, owner in (("a1", "ada"), ("a2", "ada"), ("a3", "ada"), ("b1", "bob"), ("b2", "bob")):
        accept(lua, group, owner)
    assert [claim(lua, group) for group in ("a1", "b1")] == [True, True]
    assert claim(lua, "a2", share=0) is True
    assert claim(lua, "a3") == "b2", "one is fewer than two"
    accept(lua, "c1", "cleo", lane="low")
    assert claim(lua, "a3") == "c1", "none is fewer than one"
    accept(lua, "d1", "dan")
    accept(lua, "e1", "eve", lane="high")
    accept(lua, "d0", "dan", lane="high")
    assert claim(lua, "a3") == "e1"
    assert claim(lua, "e1") is True
    assert claim(lua, "a3") == "d0"
    assert claim(lua, "d0") is True
    assert claim(lua, "a3") == "c1", "d1 waits as well, but dan has one"


def test_what_is_put_back_waits_again_at_its_place(lua: Lua) -> None:
    for group, owner in (("a1", "ada"), ("b1", "bob"), ("b2", "bob")):
        accept(lua, group, owner)
    assert [claim(lua, "b1"), claim(lua, "a1")] == [True, True]
    assert put_back(lua, "b1", holder="h") == 1
    assert waiting(lua, "bob") == [["bob"], ["b1", "b2"]]
    accept(lua, "a2", "ada")
    assert claim(lua, "a2") == "b1"


@pytest.mark.parametrize("ghost", ["no record", "finished", "held"])
def test_what_does_not_wait_any_more_is_not_given_way_to(lua: Lua, ghost: str) -> None:
    for group, owner in (("a1", "ada"), ("a2", "ada"), ("b1", "bob")):
        accept(lua, group, owner)
    assert claim(lua, "a1") is True
    if ghost == "no record":
        lua.redis.delete(RECORD + "b1")
    elif ghost == "finished":
        end(lua, "b1")
    else:
        lua.redis.zadd("leases", {"b1": lua.now() + 60})
    assert claim(lua, "a2") is True
    assert waiting(lua, "ada", "bob") == [[], [], []]


def test_work_whose_lease_is_over_does_not_count(lua: Lua) -> None:
    for group, owner in (("a1", "ada"), ("a2", "ada"), ("b1", "bob")):
        accept(lua, group, owner)
    assert claim(lua, "a1") is True
    lua.redis.zadd("leases", {"a1": lua.now() - 1})
    assert claim(lua, "a2") is True
    assert lua.redis.hgetall("running:train") == {"a2": "ada"}


def test_estimates_take_no_turns(lua: Lua) -> None:
    accept(lua, "g", "ada")
    lua.redis.delete(TURNS, TURNS + ":ada")
    lua.redis.hset(RECORD + "g", "kind", "estimate")
    assert claim(lua, "g") is True
    assert not lua.redis.exists("running:estimate", TURNS)
