"""The scripts that end a group, have it tried again, and note how far it is."""

from __future__ import annotations

from typing import Any

import pytest
import redis

from tasks.contract import Kind, Lane
from tasks.ledger.work_counts import ABOVE, BUSY, FINISHED, ROWS, RUN, SUM, WAIT, counter
from tests.lua import Lua, packed
from tests.unit.tasks.ledger.made import GROUP, accept, claim

#: The id of the group, as bytes.
ID = b"\x00\xff" * 8
HERE = (Kind.ESTIMATE, Lane.NORMAL)
FINISH_KEYS = (
    GROUP,
    "pending",
    "watchers",
    "leases",
    "depth",
    "unfinished",
    "deadlines",
    "dead",
    "events",
    "counts",
    "finished",
    "heard",
    "heard_of_dead",
    "told",
)


def finish(
    lua: Lua,
    *,
    fence: int = 1,
    states: str = "s",
    dead: int = 0,
    owed: tuple[Any, ...] = (),
    rows: int = 0,
    added: tuple[Any, ...] = (),
) -> Any:
    args = [fence, 50, "g", "reply:", "estimate:normal", states, "outcomes", dead]
    args += ["quota:", packed(*owed) if owed else "", "user:", rows, ID, *added]
    return lua.run("tasks/ledger/lua/finish.lua", keys=FINISH_KEYS, args=args)


def test_a_group_ends(lua: Lua) -> None:
    accept(lua, items=3, owners=("ada", 2, "bob", 1), deadline=5)
    lua.redis.hset("unfinished", "bob", 4)
    claim(lua)
    assert finish(lua, states="sfc", rows=6, added=("failed", 1, "other", 2)) == 1
    record = lua.redis.hgetall(GROUP)
    assert (record["states"], record["outcomes"]) == ("sfc", "outcomes")
    assert float(record["started_at"]) <= float(record["finished_at"]) <= lua.now()
    assert "bodies" not in record
    assert 40 < lua.redis.ttl(GROUP) <= 50
    assert not lua.redis.exists("pending", "leases", "deadlines", "dead")
    assert lua.redis.hgetall("depth") == {"estimate:normal": "0"}
    assert lua.redis.hgetall("unfinished") == {"ada": "0", "bob": "3"}, "who has had work is known"
    assert lua.redis.hgetall("events") == {"failed": "1", "other": "2"}
    counts = lua.counts("counts")
    assert counts[counter(FINISHED, HERE, "succeeded")] == counts[counter(FINISHED, HERE, "cancelled")] == 1
    assert counts[counter(ROWS, HERE)] == 6
    assert counts[counter(BUSY, HERE)] * 2 == counts[counter(RUN, HERE, SUM)]


def test_times_are_counted_in_their_buckets(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    now = lua.now()
    lua.redis.hset(GROUP, mapping={"submitted_at": now - 10_000, "started_at": now - 0.7})
    finish(lua, states="ssce")
    counts = lua.counts("counts")
    assert counts[counter(WAIT, HERE, ABOVE)] == counts[counter(RUN, HERE, "1")] == 2
    assert counts[counter(WAIT, HERE, SUM)] == pytest.approx(2 * 9_999.3e6, rel=1e-6)
    assert 0.7e6 <= counts[counter(BUSY, HERE)] < 1e6


def test_what_never_began_takes_no_time(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    lua.redis.hdel(GROUP, "started_at")
    assert finish(lua, states="e") == 1
    counts = lua.counts("counts")
    assert counts[counter(FINISHED, HERE, "expired")] == 1
    assert not [name for name in counts if name.startswith((WAIT, RUN, BUSY))]


def test_a_dead_letter_keeps_its_bodies(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    finish(lua, states="f", dead=1)
    assert lua.redis.hget(GROUP, "bodies") == "b"
    assert lua.redis.zscore("dead", "g") == float(lua.redis.hget(GROUP, "finished_at"))


def test_who_waits_is_told_once(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    lua.redis.sadd("watchers", "p", "q")
    with lua.redis.pubsub(ignore_subscribe_messages=True) as heard:
        heard.psubscribe("reply:*")
        assert heard.get_message(timeout=5) is None
        finish(lua)
        told = [heard.get_message(timeout=5) for _ in range(2)]
        assert {message["channel"]: message["data"] for message in told} == {
            "reply:p": "outcomes",
            "reply:q": "outcomes",
        }
        assert heard.get_message(timeout=0.01) is None
    assert not lua.redis.exists("watchers")


def test_rows_are_owed_where_a_quota_is_in_use(lua: Lua) -> None:
    accept(lua, owners=("ada", 1, "bob", 1))
    claim(lua)
    lua.redis.hset("quota:ada", "owed", 1)
    finish(lua, owed=("ada", 5, "bob", 7))
    assert lua.redis.hget("quota:ada", "owed") == "6"
    assert not lua.redis.exists("quota:bob")


def test_an_account_that_is_newer_owes_nothing(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    lua.redis.hset("user:ada", "owns_since", lua.now() + 1)
    lua.redis.hset("quota:ada", "owed", 1)
    lua.redis.hset("unfinished", "ada", 3)
    finish(lua, owed=("ada", 5))
    assert lua.redis.hget("quota:ada", "owed") == "1"
    assert lua.redis.hget("unfinished", "ada") == "3"


@pytest.mark.parametrize(
    ("asked", "now", "same"),
    [
        ("17", {"id": "17", "owns_since": "9e9"}, True),
        ("17", {"id": "18", "owns_since": "0.0"}, False),
        ("17", {}, True),
        # An account from before there were numbers.
        ("9e9", {"owns_since": "9e9"}, True),
        ("17", {"owns_since": "0.0"}, False),
        # Work of nobody's account, as of the Python client.
        ("", {"id": "17", "owns_since": "0.0"}, True),
        ("", {"id": "17", "owns_since": "9e9"}, False),
    ],
)
def test_what_is_owed_is_the_account_s_that_asked(lua: Lua, asked: str, now: dict[str, str], same: bool) -> None:
    accept(lua, owners=("bob", 1, "ada", 1), items=2, record=("accounts", packed("", asked)))
    claim(lua)
    if now:
        lua.redis.hset("user:ada", mapping=now)
    lua.redis.hset("quota:ada", "owed", 1)
    lua.redis.hset("unfinished", "ada", 3)
    finish(lua, states="ss", owed=("ada", 5))
    owed, left = lua.redis.hget("quota:ada", "owed"), lua.redis.hget("unfinished", "ada")
    assert (owed, left) == (("6", "2") if same else ("1", "3"))


def retry(lua: Lua, *, fence: int = 1) -> Any:
    keys, args = [GROUP, "leases"], [fence, "g", 30, "no connection"]
    return lua.run("tasks/ledger/lua/retry.lua", keys=keys, args=args)


def test_a_group_is_tried_again_after_a_while(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    lua.redis.hset(GROUP, mapping={"progress": "x", "trying": "3:1", "strikes3": 1})
    assert retry(lua) == 1
    record = lua.redis.hgetall(GROUP)
    told = {name: record[name] for name in ("excused", "retries", "retry_error", "strikes3")}
    assert told == {"excused": "1", "retries": "1", "retry_error": "no connection", "strikes3": "0"}
    assert not record.keys() & {"started_at", "progress", "holder", "trying"}
    assert lua.now() + 29 < lua.redis.zscore("leases", "g") <= lua.now() + 30
    before = lua.everything()
    assert retry(lua) == 1, "said twice, because the answer was lost"
    assert lua.everything() == before


def step(lua: Lua, done: object, outcome: str, following: object, *, fence: int = 1) -> Any:
    args = [fence, done, outcome, following]
    return lua.run("tasks/ledger/lua/step.lua", keys=[GROUP], args=args)


def test_items_are_tried_one_after_the_other(lua: Lua) -> None:
    accept(lua, items=2)
    claim(lua)
    lua.redis.hset(GROUP, "timed_out", 1)
    assert step(lua, "", "", 0) == 1
    assert "timed_out" not in lua.redis.hgetall(GROUP)
    assert step(lua, "", "", 0) == 1, "said twice it counts once"
    assert step(lua, 0, "done", 1) == 1
    assert step(lua, 1, "over", "") == 1
    record = lua.redis.hgetall(GROUP)
    assert (record["part0"], record["part1"], record["strikes0"], record["strikes1"]) == ("done", "over", "1", "1")
    assert "trying" not in record


def test_an_item_that_is_begun_again_has_more_strikes(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    step(lua, "", "", 0)
    lua.redis.delete("leases")
    claim(lua)
    assert step(lua, "", "", 0, fence=2) == 2


def progress(lua: Lua, *, fence: int = 1) -> Any:
    return lua.run("tasks/ledger/lua/progress.lua", keys=[GROUP], args=[fence, "half"])


def test_progress_is_shown_until_the_work_is_cancelled(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    assert progress(lua) == 1
    assert lua.redis.hget(GROUP, "progress") == "half"
    lua.redis.hset(GROUP, "cancel0", 1)
    before = lua.everything()
    assert progress(lua) == -1
    assert lua.everything() == before


@pytest.mark.parametrize("call", [finish, retry, progress, lambda lua, **fence: step(lua, "", "", 0, **fence)])
@pytest.mark.parametrize("fields", [{}, {"fence": 2}, {"fence": 1, "finished_at": 1}])
def test_who_no_longer_holds_the_group_changes_nothing(lua: Lua, call: Any, fields: dict[str, int]) -> None:
    if fields:
        accept(lua)
        claim(lua)
        lua.redis.hset(GROUP, mapping=fields)
    before = lua.everything()
    assert call(lua, fence=1) == 0
    assert lua.everything() == before


def test_what_is_accepted_comes_to_its_end_at_maxmemory(lua: Lua) -> None:
    accept(lua)
    claim(lua)
    with lua.full():
        assert step(lua, "", "", 0) == 1
        with pytest.raises(redis.exceptions.OutOfMemoryError):
            progress(lua)
        assert retry(lua) == 1
        assert finish(lua) == 1
