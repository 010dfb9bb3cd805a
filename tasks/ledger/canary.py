"""A message that a worker answers at once: the proof that work would be done."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

import redis

from tasks.contract import CANARY_TASK, Kind, Lane
from tasks.ledger.groups import pack
from tasks.ledger.message import message
from tasks.ledger.outcomes import Reply
from tasks.redis_keys import REPLY_CHANNEL

#: A canary that no worker took in this time is dropped.
CANARY_SECONDS: Final = 5.0


def send_canary(client: redis.Redis, *, process: str, token: str) -> None:
    """Send a canary through the estimate queue; a worker answers the process with an empty reply to the token."""
    expires = datetime.fromtimestamp(time.time() + CANARY_SECONDS, UTC).isoformat()
    kwargs: dict[str, object] = {"process": process, "token": token}
    queue = Kind.ESTIMATE.value
    client.lpush(*message(CANARY_TASK, task_id=token, queue=queue, lane=Lane.HIGH, kwargs=kwargs, expires=expires))


def answer_canary(client: redis.Redis, *, process: str, token: str) -> None:
    """Answer a canary."""
    client.publish(REPLY_CHANNEL.format(process=process), pack(Reply(token, [])))
