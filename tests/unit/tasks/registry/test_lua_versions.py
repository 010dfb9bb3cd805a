"""The scripts of the registry."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tasks.registry.lineage import Period, read_periods
from tests.lua import Lua

#: In the order in which the scripts take them.
KEYS = (
    *("model", "history", "aliases", "numbers", "versions", "retired", "reports", "curves", "periods", "summaries"),
    *("notes", "tags", "models", "names", "tagged"),
)
#: What each script is to note.
FACT = '{"what":"it"}'


@pytest.fixture(autouse=True)
def there(lua: Lua) -> None:
    """The model is there."""
    lua.redis.sadd("models", "m")


def add(lua: Lua, record: str, *, group: str = "", promote: int = 0, fence: int = 1) -> Any:
    keys = [group, *KEYS]
    args = [fence, record, promote, f"curve of {record}", FACT, "m", f"summary of {record}"]
    return lua.run("tasks/registry/lua/add_version.lua", keys=keys, args=args)


def set_snapshot(lua: Lua, *, group: str = "", fence: int = 1, made_of: str = "") -> Any:
    keys, args = [group, *KEYS], [fence, "snapshot", "m", FACT, made_of]
    return lua.run("tasks/registry/lua/set_snapshot.lua", keys=keys, args=args)


def test_a_version_is_added(lua: Lua) -> None:
    assert add(lua, "first") == 1
    assert add(lua, "second") == 2
    assert lua.redis.hgetall("versions") == {"1": "first", "2": "second"}
    assert lua.redis.hgetall("curves") == {"1": "curve of first", "2": "curve of second"}
    digests = {f"identity{at}": hashlib.sha1(text).hexdigest() for at, text in ((1, b"first"), (2, b"second"))}
    assert lua.redis.hgetall("model") == {"last_version": "2", **digests}


def test_a_version_is_made_current_and_the_old_one_retired(lua: Lua) -> None:
    begun = lua.now()
    add(lua, "first", promote=1)
    assert lua.redis.hget("model", "current") == "1"
    assert not lua.redis.exists("retired")
    (only,) = periods(lua, 1)
    assert only.since is not None
    assert begun - 1 <= only.since <= lua.now()
    assert only.until is None
    add(lua, "second", promote=1)
    assert lua.redis.hget("model", "current") == "2"
    assert 0 <= lua.now() - float(lua.redis.hget("retired", "1")) < 5


def periods(lua: Lua, version: int) -> list[Period]:
    """The times in which the version was current."""
    text = lua.redis.hget("periods", version)
    return read_periods(text.encode() if text is not None else None)


def test_versions_remember_since_and_until_when_they_were_current(lua: Lua) -> None:
    for name in ("first", "second"):
        add(lua, name, promote=1)
    promote(lua, 1)
    promote(lua, 1)
    before, since = periods(lua, 1)
    (second,) = periods(lua, 2)
    assert (before.until, second.until, since.until) == (second.since, since.since, None)
    assert periods(lua, 3) == []


def test_since_when_a_version_of_an_earlier_release_was_current_is_not_known(lua: Lua) -> None:
    add(lua, "first", promote=1)
    lua.redis.delete("periods")
    add(lua, "second", promote=1)
    (period,) = periods(lua, 1)
    assert (period.since, period.until) == (None, periods(lua, 2)[0].since)


def set_notes(lua: Lua, field: Any, *, old: str = "", new: str, name: str = "m") -> Any:
    return lua.run("tasks/registry/lua/set_notes.lua", keys=KEYS, args=[field, old, new, FACT, name])


def test_notes_are_set_where_nobody_else_changed_them_and_found_by_their_tags(lua: Lua) -> None:
    for number in range(1, 13):
        add(lua, f"v{number}")
    before = lua.everything()
    trial, live = (f'{{"tags":{{"stage":"{stage}"}}}}' for stage in ("trial", "live"))
    assert (set_notes(lua, 13, new=trial), set_notes(lua, "model", new=trial, name="none")) == (0, 0)
    assert set_notes(lua, 2, old="other", new=trial) == -1
    assert lua.everything() == before
    for number in (2, 10, 11):
        assert set_notes(lua, number, new=trial) == 1
    assert page(lua, tag="stage\0trial\0")[1::3] == ["11", "10"]
    assert page(lua, tag="stage\0\0", below=10)[1::3] == ["2"]
    assert set_notes(lua, 10, old=trial, new=live) == 1
    assert page(lua, tag="stage\0trial\0") == [12, "11", "summary of v11", trial, "2", "summary of v2", trial]
    assert set_notes(lua, 11, old=trial, new="") == 1
    delete(lua, 2)
    assert lua.redis.zrange("tags", 0, -1) == ["stage\0\x000000000010", "stage\0live\x000000000010"]
    assert lua.redis.hkeys("notes") == ["10"]
    noted_before = len(noted(lua))
    assert set_notes(lua, 10, old=live, new=live) == 1
    assert len(noted(lua)) == noted_before, "nothing has changed"


def test_the_tags_of_a_model_go_with_it(lua: Lua) -> None:
    set_snapshot(lua)
    set_notes(lua, "model", new='{"tags":{"stage":"live"}}')
    assert lua.redis.zcard("tagged") == 2
    delete_data(lua)
    assert set(lua.redis.keys("*")) == {"history"}
    set_snapshot(lua)
    set_notes(lua, "model", new='{"tags":{"stage":"live"}}')
    delete_model(lua, force=1)
    assert set(lua.redis.keys("*")) == {"history"}


def page(lua: Lua, *, below: Any = "+inf", limit: int = 2, tag: str = "") -> Any:
    return lua.run("tasks/registry/lua/page_versions.lua", keys=KEYS, args=[below, limit, tag])


def test_versions_are_listed_in_pages_the_newest_first(lua: Lua) -> None:
    assert page(lua) == [0]
    for number in range(1, 13):
        add(lua, f"v{number}")
    assert page(lua) == [12, "12", "summary of v12", "", "11", "summary of v11", ""]
    delete(lua, 10)
    assert page(lua, below=11) == [11, "9", "summary of v9", "", "8", "summary of v8", ""]
    assert page(lua, below=2) == [11, "1", "summary of v1", ""]


def test_versions_of_an_earlier_release_are_listed_by_their_records(lua: Lua) -> None:
    for number in range(1, 4):
        add(lua, f"v{number}")
    lua.redis.delete("summaries", "numbers")
    with lua.full():
        assert page(lua) == [3, "3", "v3", "", "2", "v2", ""]
    add(lua, "v4")
    assert page(lua) == [4, "4", "summary of v4", "", "3", "v3", ""]


def test_models_are_listed_in_pages_by_name(lua: Lua) -> None:
    def page(after: str, tag: str = "", prefix: str = "") -> Any:
        keys = ["models", "names", "tagged"]
        return lua.run("tasks/registry/lua/page_models.lua", keys=keys, args=[after, 2, tag, prefix])

    lua.redis.sadd("models", "b", "B", "c", "a-1")
    with lua.full():
        assert page("") == ["B", "a-1"]
    lua.redis.srem("models", "c")
    assert page("a-1") == ["b", "m"]
    assert page("m") == []
    for name in ("a-1", "b", "m"):
        set_notes(lua, "model", new='{"tags":{"of":"x:1","other":""}}', name=name)
        # A model's own, of which there is one here.
        lua.redis.delete("notes")
    assert (page("", "of\0x:1\0"), page("b", "of\0\0"), page("", "of\0x\0")) == (["a-1", "b"], ["m"], [])
    assert (page("", prefix="a"), page("", prefix="a-1"), page("a-1", prefix="a"), page("", prefix="A")) == (
        ["a-1"],
        ["a-1"],
        [],
        [],
    )
    assert (page("", "of\0x:1\0", "b"), page("a", "of\0x:1\0", "m")) == (["b"], ["m"])


def test_a_call_whose_answer_was_lost_adds_nothing(lua: Lua) -> None:
    add(lua, "first")
    before = lua.everything()
    assert add(lua, "first", promote=1) == 1
    assert lua.everything() == before


def test_work_with_a_record_adds_one_version(lua: Lua) -> None:
    lua.redis.hset("group", "fence", 1)
    assert add(lua, "first", group="group") == 1
    assert lua.redis.hget("group", "version") == "1"
    before = lua.everything()
    assert add(lua, "another", group="group") == 1, "it was run again by another worker"
    assert lua.everything() == before


def test_a_snapshot_makes_the_model(lua: Lua) -> None:
    lua.redis.delete("models")
    assert set_snapshot(lua) == 1
    assert lua.redis.hgetall("model") == {"snapshot": "snapshot"}
    assert lua.redis.smembers("models") == {"m"}


def test_a_snapshot_takes_the_place_of_the_one_that_it_is_made_of_alone(lua: Lua) -> None:
    digest = hashlib.sha1(b"the one before").hexdigest()
    lua.redis.hset("group", mapping={"fence": 1, "kind": "init"})
    for known in ({}, {"snapshot": "another"}):
        if known:
            lua.redis.hset("model", mapping=known)
        before = lua.everything()
        assert set_snapshot(lua, group="group", made_of=digest) == -2
        assert lua.everything() == before
    lua.redis.hset("model", "snapshot", "the one before")
    assert set_snapshot(lua, group="group", made_of=digest) == 1
    assert lua.redis.hget("model", "snapshot") == "snapshot"


@pytest.mark.parametrize(("kind", "stored"), [("init", "1"), ("train", None)])
def test_an_init_remembers_that_its_data_is_stored(lua: Lua, kind: str, stored: str | None) -> None:
    lua.redis.hset("group", mapping={"fence": 1, "kind": kind})
    assert set_snapshot(lua, group="group") == 1
    assert lua.redis.hget("group", "stored") == stored


@pytest.mark.parametrize("write", [lambda lua, **held: add(lua, "first", promote=1, **held), set_snapshot])
@pytest.mark.parametrize(
    ("fields", "answer"),
    [({"fence": 2}, 0), ({"fence": 1, "finished_at": 1}, 0), ({"fence": 1, "cancel0": 1}, -1), ({"other": 1}, 0)],
)
def test_only_who_holds_work_that_is_wanted_writes(lua: Lua, write: Any, fields: dict[str, int], answer: int) -> None:
    lua.redis.hset("group", mapping=fields)
    before = lua.everything()
    assert write(lua, group="group") == answer
    assert lua.everything() == before


@pytest.mark.parametrize("write", [lambda lua: add(lua, "first", promote=1), set_snapshot])
def test_what_was_worked_out_is_stored_at_maxmemory(lua: Lua, write: Any) -> None:
    with lua.full():
        assert write(lua) == 1


def promote(lua: Lua, version: int) -> Any:
    return lua.run("tasks/registry/lua/promote.lua", keys=KEYS, args=[version, FACT])


def test_an_old_version_is_made_current_again(lua: Lua) -> None:
    add(lua, "first", promote=1)
    add(lua, "second", promote=1)
    assert promote(lua, 1) == 1
    assert lua.redis.hget("model", "current") == "1"
    assert lua.redis.hkeys("retired") == ["2"]


def test_a_version_that_is_not_there_is_not_made_current(lua: Lua) -> None:
    add(lua, "first", promote=1)
    before = lua.everything()
    assert promote(lua, 2) == 0
    assert lua.everything() == before


def noted(lua: Lua) -> list[int | None]:
    """The versions in the history, in order; checks that each has its time."""
    facts = [json.loads(text) for text in lua.redis.lrange("history", 0, -1)]
    assert all(fact["what"] == "it" and 0 <= lua.now() - fact["at"] < 5 for fact in facts)
    return [fact.get("version") for fact in facts]


def test_what_happens_is_noted_with_it(lua: Lua) -> None:
    set_snapshot(lua)
    add(lua, "first")
    add(lua, "second", promote=1)
    promote(lua, 1)
    assert noted(lua) == [None, 1, 2, 1]
    promote(lua, 3)
    add(lua, "second")
    assert noted(lua) == [None, 1, 2, 1], "nothing happened"


def set_report(lua: Lua, version: int) -> Any:
    return lua.run("tasks/registry/lua/set_report.lua", keys=["versions", "reports"], args=[version, "page"])


def test_a_report_is_set_for_a_version_that_is_there(lua: Lua) -> None:
    add(lua, "first")
    assert (set_report(lua, 1), set_report(lua, 2)) == (1, 0)
    assert lua.redis.hgetall("reports") == {"1": "page"}


def remove(lua: Lua, version: int, *, before: float) -> Any:
    return lua.run("tasks/registry/lua/remove_version.lua", keys=KEYS, args=[version, before, FACT])


def test_a_version_goes_with_all_that_is_known_of_it(lua: Lua) -> None:
    add(lua, "first", promote=1)
    add(lua, "second", promote=1)
    set_report(lua, 1)
    assert remove(lua, 1, before=lua.now() + 1) == 1
    assert lua.redis.hkeys("versions") == lua.redis.hkeys("curves") == ["2"]
    assert not lua.redis.exists("retired", "reports")
    assert lua.redis.hget("model", "identity1") is None
    assert remove(lua, 1, before=lua.now() + 1) == 0
    assert add(lua, "third") == 3, "its number is not used again"


def test_what_is_or_was_current_not_long_ago_stays(lua: Lua) -> None:
    start = lua.now()
    add(lua, "first", promote=1)
    add(lua, "second", promote=1)
    before = lua.everything()
    assert remove(lua, 2, before=start + 100) == 0
    assert remove(lua, 1, before=start) == 0
    assert lua.everything() == before


def delete(lua: Lua, version: int, *, force: int = 0) -> Any:
    return lua.run("tasks/registry/lua/delete_version.lua", keys=KEYS, args=[version, force, FACT, "m"])


def test_a_version_is_deleted_and_the_current_one_only_by_force(lua: Lua) -> None:
    add(lua, "first", promote=1)
    add(lua, "second")
    set_report(lua, 1)
    before = lua.everything()
    assert (delete(lua, 1), delete(lua, 3)) == (-1, 0)
    assert lua.everything() == before
    assert delete(lua, 2) == 1
    assert lua.redis.hkeys("versions") == lua.redis.hkeys("curves") == ["1"]
    assert delete(lua, 1, force=1) == 1
    assert set(lua.redis.keys("*")) == {"model", "history"}
    assert lua.redis.hgetall("model") == {"last_version": "2"}
    assert noted(lua) == [1, 2, 2, 1]


def delete_data(lua: Lua) -> Any:
    return lua.run("tasks/registry/lua/delete_data.lua", keys=KEYS, args=[FACT, "m"])


def test_data_is_deleted_once(lua: Lua) -> None:
    set_snapshot(lua)
    add(lua, "first", promote=1)
    assert (delete_data(lua), delete_data(lua)) == (1, 0)
    assert lua.redis.smembers("models") == {"m"}
    assert lua.redis.hget("model", "current") == "1"
    assert noted(lua) == [None, 1, None]


def delete_model(lua: Lua, *, force: int = 0) -> Any:
    return lua.run("tasks/registry/lua/delete_model.lua", keys=KEYS, args=["m", force, FACT])


def test_a_model_is_deleted_and_its_numbers_are_not_used_again(lua: Lua) -> None:
    lua.redis.delete("models")
    assert delete_model(lua, force=1) == 0
    set_snapshot(lua)
    add(lua, "first", promote=1)
    before = lua.everything()
    assert delete_model(lua) == -1
    assert lua.everything() == before
    assert delete_model(lua, force=1) == 1
    assert lua.redis.hgetall("model") == {"last_version": "1"}
    assert set(lua.redis.keys("*")) == {"model", "history"}
    assert noted(lua) == [None, 1, None]
    before = lua.everything()
    assert add(lua, "late", promote=1) == -2, "it was trained meanwhile"
    assert lua.everything() == before
    set_snapshot(lua)
    assert add(lua, "another") == 2


@pytest.mark.parametrize("last", ["data", "version"])
def test_a_model_of_which_nothing_is_left_is_none(lua: Lua, last: str) -> None:
    set_snapshot(lua)
    add(lua, "first")
    steps = [lambda: delete(lua, 1), lambda: delete_data(lua)]
    for step in steps if last == "data" else reversed(steps):
        assert lua.redis.smembers("models") == {"m"}
        assert step() == 1
    assert not lua.redis.exists("models")


def set_alias(lua: Lua, alias: str, version: int) -> Any:
    keys = ["versions", "aliases", "history"]
    return lua.run("tasks/registry/lua/set_alias.lua", keys=keys, args=[alias, version, FACT])


def test_an_alias_names_a_version_that_is_there_and_moves(lua: Lua) -> None:
    def remove_alias(alias: str) -> Any:
        return lua.run("tasks/registry/lua/remove_alias.lua", keys=["aliases", "history"], args=[alias, FACT])

    add(lua, "first")
    add(lua, "second")
    assert (set_alias(lua, "champion", 1), set_alias(lua, "champion", 2), set_alias(lua, "champion", 3)) == (1, 1, 0)
    assert lua.redis.hgetall("aliases") == {"champion": "2"}
    assert (remove_alias("champion"), remove_alias("champion")) == (1, 0)
    assert noted(lua) == [1, 2, 1, 2, 2]


def test_a_version_with_an_alias_is_deleted_by_force_and_takes_it_along(lua: Lua) -> None:
    add(lua, "first")
    add(lua, "second")
    for alias, version in (("a", 1), ("b", 2), ("c", 1), ("d", 2)):
        set_alias(lua, alias, version)
    assert delete(lua, 1) == -2
    assert delete(lua, 1, force=1) == 1
    assert lua.redis.hgetall("aliases") == {"b": "2", "d": "2"}
