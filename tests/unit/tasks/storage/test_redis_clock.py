"""The clock of Redis for who must not wait for it."""

from __future__ import annotations

import time
from typing import cast

import pytest
import redis

from tasks.storage.redis_clock import RedisClock
from tests.clocks import Clock


class Server:
    """Says what time it is there."""

    now = 5_000.25

    def time(self) -> tuple[int, int]:
        return divmod(round(self.now * 1e6), 1_000_000)


def test_it_goes_on_by_itself_and_follows_what_is_set() -> None:
    ticks, server = Clock(), Server()
    clock = RedisClock(cast(redis.Redis, server), ticks=ticks)
    assert clock() == pytest.approx(time.time(), abs=60), "until it is read, that of this machine"
    clock.look()
    ticks.now += 10
    assert clock() == pytest.approx(5_010.25)
    server.now -= 3600
    assert clock() == pytest.approx(5_010.25)
    clock.look()
    assert clock() == pytest.approx(1_400.25)
