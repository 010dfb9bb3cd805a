"""Fixtures of the tests of scripts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.lua import Lua
from tests.needed import program
from tests.servers import Valkey


@pytest.fixture(scope="session", params=["Valkey", "Redis"])
def script_server(request: pytest.FixtureRequest, valkey_server: Valkey) -> Iterator[Valkey]:
    """Each kind of server that runs our scripts, one for the whole run."""
    if request.param == "Valkey":
        yield valkey_server
        return
    with Valkey(binary=program("redis-server", package="redis-server")) as server:
        yield server


@pytest.fixture
def lua(script_server: Valkey) -> Iterator[Lua]:
    """Runs scripts on an empty server; what the test leaves is flushed."""
    lua = Lua(script_server)
    lua.redis.flushall()
    yield lua
    lua.redis.flushall()
    lua.close()
