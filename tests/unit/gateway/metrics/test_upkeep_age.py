"""For how long nobody has looked for lost work, as one process sees it."""

from __future__ import annotations

import signal

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from gateway.metrics.upkeep_age import UpkeepAge
from tasks.redis_keys import LOOKED_KEY
from tests.clocks import Clock
from tests.servers import Valkey


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def age(redis_client: redis.Redis, clock: Clock) -> UpkeepAge:
    return UpkeepAge(redis_client, ticks=clock)


def test_it_counts_from_the_start_and_from_each_look(age: UpkeepAge, clock: Clock, redis_client: redis.Redis) -> None:
    # Also where the clock of who looks goes back.
    for looked in (None, "5000.000", "1400.000"):
        if looked:
            redis_client.set(LOOKED_KEY, looked)
        for seconds in (0, 30, 70):
            age.see()
            assert age.seconds == seconds
            clock.now += (30, 40, 10)[(0, 30, 70).index(seconds)]
        assert age.seconds == 80


def test_while_redis_is_away_nobody_can_look(clock: Clock) -> None:
    once = Retry(NoBackoff(), 0)
    with Valkey() as server, redis.Redis.from_url(server.redis_url, socket_timeout=0.1, retry=once) as client:
        age = UpkeepAge(client, ticks=clock)
        assert age.seconds == 0
        age.see()
        clock.now += 50
        assert age.seconds == 50
        server.popen.send_signal(signal.SIGSTOP)
        try:
            age.see()
        finally:
            server.popen.send_signal(signal.SIGCONT)
        clock.now += 50
        assert age.seconds == 0
