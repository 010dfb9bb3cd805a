"""What a service is doing now: queues, work, workers, models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import redis

from tasks.contract import FLEETS, QUEUES, Kind, Lane
from tasks.ledger.fleet import members
from tasks.redis_keys import DEPTH_KEY, MODEL_KEY, VERSIONS_KEY, queue_key
from tasks.registry.models_registry import Registry


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """One model."""

    #: Number of the version that answers; None before the first train.
    current: int | None
    #: How many versions there are.
    versions: int


@dataclass(frozen=True, kw_only=True)
class WorkStatus:
    """What is in one Redis."""

    #: Messages that wait, by queue and lane.
    queues: dict[str, dict[str, int]]
    #: Items of work that are accepted and not finished, by kind.
    pending: dict[str, int]
    #: Processes of each worker, by fleet.
    workers: dict[str, dict[str, int]]
    models: dict[str, ModelStatus]


def work_status(client: redis.Redis) -> WorkStatus:
    """What this Redis holds. Raises redis.RedisError."""
    return WorkStatus(
        queues=_queues(client),
        pending=_pending(client),
        workers={fleet: members(client, fleet) for fleet in FLEETS},
        models=_models(client),
    )


def _pending(client: redis.Redis) -> dict[str, int]:
    depths: Any = client.hgetall(DEPTH_KEY)
    found = dict.fromkeys((kind.value for kind in Kind), 0)
    for field, items in depths.items():
        found[field.decode().partition(":")[0]] += int(items)
    return found


def _queues(client: redis.Redis) -> dict[str, dict[str, int]]:
    places = [(queue, lane) for queue in QUEUES for lane in Lane]
    with client.pipeline(transaction=False) as pipe:
        for queue, lane in places:
            pipe.llen(queue_key(queue, lane))
        lengths = pipe.execute()
    depths: dict[str, dict[str, int]] = {queue: {} for queue in QUEUES}
    for (queue, lane), length in zip(places, lengths, strict=True):
        depths[queue][lane.value] = int(length)
    return depths


def _models(client: redis.Redis) -> dict[str, ModelStatus]:
    names = Registry(client).names()
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hget(MODEL_KEY.format(model=name), "current")
            pipe.hlen(VERSIONS_KEY.format(model=name))
        values = iter(pipe.execute())
    models = {}
    for name in names:
        current, versions = next(values), next(values)
        models[name] = ModelStatus(current=int(current) if current else None, versions=int(versions))
    return models


def _value(value: Any) -> Any:
    """redis-py's types say that a call may be awaited; those of this client never are."""
    return value
