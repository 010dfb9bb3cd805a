"""The script that removes a blob."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lua import Lua


@pytest.fixture
def blob(lua: Lua) -> Lua:
    """A blob that was put at 100."""
    lua.redis.set("blob", "bytes")
    lua.redis.zadd("blobs", {"name": 100, "other": 1})
    return lua


def discard(lua: Lua, *, before: float, name: str = "name") -> Any:
    return lua.run("tasks/storage/lua/discard_blob.lua", keys=["blob", "blobs"], args=[name, before])


def test_an_old_blob_goes(blob: Lua) -> None:
    assert discard(blob, before=100.5) == 1
    assert not blob.redis.exists("blob")
    assert blob.redis.zrange("blobs", 0, -1) == ["other"]


@pytest.mark.parametrize(("before", "name"), [(100, "name"), (50, "name"), (1000, "unknown")])
def test_what_was_put_since_then_or_is_unknown_stays(blob: Lua, before: float, name: str) -> None:
    held = blob.everything()
    assert discard(blob, before=before, name=name) == 0
    assert blob.everything() == held
