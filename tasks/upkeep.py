"""The system tasks: the canary, publishing again what is in no queue, removing what is past its retention."""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import redis
from celery import Task, shared_task

from tasks.blobs import open_blobs
from tasks.connection import connect
from tasks.contract import (
    CANARY_TASK,
    GROUP_KEY,
    PENDING_KEY,
    RECONCILE_TASK,
    SUSPECTS_KEY,
    SWEEP_TASK,
    UNACKED_KEY,
    Kind,
    Lane,
    queue_key,
)
from tasks.ledger import answer_canary, group_message, read_heads

log = logging.getLogger(__name__)

#: Work younger than this is not suspected of being lost.
SUSPECT_SECONDS: Final = 30.0
#: How many messages of a queue are looked at together.
PAGE: Final = 1000


@shared_task(name=CANARY_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def canary(self: Task, *, process: str, token: str) -> None:
    """Tell the process that asked that a worker takes and finishes work."""
    answer_canary(connect(self.app.settings), process=process, token=token)


@shared_task(name=RECONCILE_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def reconcile(self: Task) -> int:
    """Publish lost messages again; see `publish_lost`."""
    return publish_lost(connect(self.app.settings), now=time.time())


@shared_task(name=SWEEP_TASK, bind=True, ignore_result=True)  # type: ignore[untyped-decorator]
def sweep(self: Task) -> int:
    """Remove large results whose record has expired. Returns how many."""
    settings = self.app.settings
    # Some time is given on top, because the file is written before the record begins to age.
    return open_blobs(settings.blobs_url, connect(settings)).sweep(
        older_than_seconds=settings.result_life_seconds + 3600
    )


def publish_lost(client: redis.Redis, *, now: float) -> int:
    """Publish again, under the same id, accepted work that two sweeps in a row found in no queue and with no worker.

    kombu takes a message off its list before it notes it as unacknowledged (celery/kombu#305): a kill in between
    loses it. Two sweeps, because every message is for a moment in that gap. Returns how many were published.
    """
    lost = {group: kind for kind in Kind for group in _lost(client, kind, before=now - SUSPECT_SECONDS)}
    suspects: Any = client.smembers(SUSPECTS_KEY)
    again = [group for group in lost if group.encode() in suspects]
    for group in again:
        _publish(client, group, lost[group])
    with client.pipeline(transaction=True) as pipe:
        pipe.delete(SUSPECTS_KEY)
        if remaining := lost.keys() - set(again):
            pipe.sadd(SUSPECTS_KEY, *remaining)
        pipe.execute()
    return len(again)


def _lost(client: redis.Redis, kind: Kind, *, before: float) -> set[str]:
    old: Any = client.zrangebyscore(PENDING_KEY.format(kind=kind.value), "-inf", before)
    missing = {group.decode() for group in old}
    if missing:
        held: Any = client.hvals(UNACKED_KEY)
        missing -= _named(missing, held)
    for lane in Lane:
        start = 0
        while missing:
            page: Any = client.lrange(queue_key(kind.value, lane), start, start + PAGE - 1)
            if not page:
                break
            missing -= _named(missing, page)
            start += PAGE
    return missing


def _named(groups: set[str], messages: list[bytes]) -> set[str]:
    """The groups whose id is the correlation id of one of the messages."""
    marker = b'"correlation_id":'
    found = set()
    for message in messages:
        _, _, rest = message.partition(marker)
        found.add(rest.lstrip(b' \\"')[:32].decode(errors="replace"))
    return groups & found


def _publish(client: redis.Redis, group: str, kind: Kind) -> None:
    values: Any = client.hmget(GROUP_KEY.format(group=group), ["lane", "heads"])
    lane, heads = values
    if not heads:
        client.zrem(PENDING_KEY.format(kind=kind.value), group)
        return
    log.warning("work %s was in no queue and is published again", group)
    client.lpush(*group_message(group, kind, Lane(lane.decode()), heads=read_heads(heads)))
