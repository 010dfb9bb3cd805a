"""What events told is there for who comes later, the last of it."""

from __future__ import annotations

import redis

from tasks.config.settings import Settings
from tasks.redis_keys import EVENTS_KEY
from tasks.storage.connection import connect
from tasks.telemetry import event_history
from tasks.telemetry.event_history import EventHistory
from tests.servers import Valkey, free_port


def test_the_last_batches_are_kept_in_order(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    with connect(Settings(redis_url=valkey_server.redis_url)) as client:
        history = EventHistory(client)
        assert list(history) == []
        for number in range(event_history.BATCHES + 1):
            history.keep([{"type": "task-received", "uuid": f"{number}-{item}"} for item in range(2)])
        found = [event["uuid"] for event in history]
    assert found[:3] == ["1-0", "1-1", "2-0"]
    assert found[-1] == f"{event_history.BATCHES}-1"
    assert redis_client.llen(EVENTS_KEY) == event_history.BATCHES


def test_no_redis_is_nobodys_error() -> None:
    with connect(Settings(redis_url=f"redis://127.0.0.1:{free_port()}")) as client:
        EventHistory(client).keep([{"type": "task-received"}])
