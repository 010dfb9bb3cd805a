"""The script that goes through a list of tasks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua

IDS = [f"{number:016d}" for number in range(6)]


@pytest.fixture
def listed(lua: Lua) -> Lua:
    """Six groups, the last of which was accepted last: one is gone, two are not finished."""
    for number, text in enumerate(IDS):
        lua.redis.zadd("list", {text: number})
        if number != 1:
            record = {"heads": "account a" if number % 2 else "account b", "kind": "train"}
            states = {} if number > 3 else {"states": "sf" if number == 0 else "s"}
            lua.redis.hset(f"group:{text.encode().hex()}", mapping=record | states)
    lua.redis.hset(f"group:{IDS[2].encode().hex()}", "heads", "of nobody")
    return lua


def walk(
    lua: Lua,
    *,
    top: object = "inf",
    bottom: object = "-inf",
    look: int = 9,
    most: int = 9,
    letter: str = "",
    of: str = "",
    text: str = "",
) -> Any:
    args = [top, bottom, look, most, "group:", letter, of, text, "heads", "states", "kind"]
    looked_at, last, picked = lua.run("tasks/ledger/lua/walk_tasks.lua", keys=["list"], args=args)
    assert all(record[2] == "train" for _, _, record in picked)
    return looked_at, last, [IDS.index(group) for group, _, _ in picked]


def test_the_newest_come_first_and_what_is_gone_does_not(listed: Lua) -> None:
    assert walk(listed) == (6, "0", [5, 4, 3, 2, 0])


def test_it_goes_between_two_times(listed: Lua) -> None:
    assert walk(listed, top=4, bottom="2") == (3, "2", [4, 3, 2])
    assert walk(listed, top="(4", bottom="2") == (2, "2", [3, 2])
    assert walk(listed, top="-1") == (0, "", [])


def test_it_ends_when_it_has_looked_or_picked_enough(listed: Lua) -> None:
    assert walk(listed, look=2) == (2, "4", [5, 4])
    assert walk(listed, most=3) == (3, "3", [5, 4, 3])


@pytest.mark.parametrize(("letter", "picked"), [("s", [3, 2, 0]), ("f", [0]), ("-", [5, 4])])
def test_states_are_looked_for(listed: Lua, letter: str, picked: list[int]) -> None:
    assert walk(listed, letter=letter) == (6, "0", picked)


def test_accounts_are_looked_for_and_what_names_none_is_picked(listed: Lua) -> None:
    assert walk(listed, of="account b") == (6, "0", [4, 2, 0])


def test_a_text_is_looked_for_as_it_stands(listed: Lua) -> None:
    listed.redis.hset(f"group:{IDS[5].encode().hex()}", "heads", "account a, order-66.%")
    assert walk(listed, text="order-66.%") == (6, "0", [5])
    assert walk(listed, text="order-6..") == (6, "0", [])
    assert walk(listed, text="order-66", of="account b") == (6, "0", [])
