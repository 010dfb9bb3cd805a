"""Our messages are those that Celery would have sent."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import redis
from celery import Celery

from tasks.config.settings import Settings
from tasks.contract import PRIORITY, TASKS, Kind, Lane
from tasks.ledger.message import message
from tasks.redis_keys import queue_key
from tests.servers import Valkey


@pytest.mark.parametrize("lane", Lane)
def test_message_equals_what_celery_sends(redis_client: redis.Redis, valkey_server: Valkey, lane: Lane) -> None:
    app = Celery(broker=Settings(redis_url=valkey_server.redis_url).broker.shown_url)
    options = {"queue": "estimate", "priority": PRIORITY[lane], "ignore_result": True}
    sent_id = "0123456789abcdef0123456789abcdef"
    app.send_task(TASKS[Kind.ESTIMATE], kwargs={"group": "g"}, task_id=sent_id, **options)
    theirs = json.loads(_only(redis_client, queue_key("estimate", lane)))
    key, data = message(
        TASKS[Kind.ESTIMATE],
        task_id=sent_id,
        queue="estimate",
        lane=lane,
        kwargs={"group": "g"},
        shown="{'group': 'g'}",
    )
    ours = json.loads(data)
    assert key == queue_key("estimate", lane)
    assert json.loads(base64.b64decode(ours.pop("body"))) == json.loads(base64.b64decode(theirs.pop("body")))
    for whole in (ours, theirs):
        del whole["headers"]["origin"], whole["properties"]["delivery_tag"], whole["properties"]["reply_to"]
    assert ours == theirs
    app.close()


def _only(client: redis.Redis, key: str) -> Any:
    items: Any = client.lrange(key, 0, -1)
    assert len(items) == 1, client.keys("*")
    return items[0]
