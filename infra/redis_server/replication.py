"""What is dangerous in how a Redis keeps what it is given: on its disk, and on its replicas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import redis

from infra.redis_server.suitability import info
from tasks.config.redis_address import RedisAddress
from tasks.config.settings import Settings
from tasks.config.values import PREFIX
from tasks.storage.connection import connect_node

#: So many replicas, and other Sentinels, are there when one of three is lost that nobody misses.
OTHERS: Final = 2


def dangers(client: redis.Redis, settings: Settings, address: RedisAddress) -> Iterator[str]:
    """What may lose accepted work in the Redis to which this client is connected, in words with the remedy.

    Raises RedisError.
    """
    place = address.place
    if not info(client, "persistence").get("aof_enabled"):
        yield (
            f"the Redis at {place} writes no append-only file: what is accepted is lost when it ends; set its"
            " appendonly to yes"
        )
    told = info(client, "replication")
    there = int(told.get("connected_slaves", 0))
    if settings.redis_replicas > there:
        yield (
            f"the Redis at {place} has {there} replicas, and {PREFIX}REDIS_REPLICAS={settings.redis_replicas} must have"
            " what is accepted: until they are there all work is refused with 503"
        )
    if address.sentinels:
        yield from _of_failover(client, settings, address, there=there, bounded="min_slaves_good_slaves" in told)


def _of_failover(
    client: redis.Redis, settings: Settings, address: RedisAddress, *, there: int, bounded: bool
) -> Iterator[str]:
    place = address.place
    if there < OTHERS:
        yield (
            f"the Redis at {place} has {there} replicas: with fewer than {OTHERS} nothing is accepted, or nothing is"
            " safe, once one node is lost; run three nodes"
        )
    if not bounded:
        yield (
            f"the Redis at {place} takes writes that no replica gets: a primary that is cut off goes on to accept what"
            " is lost later; set min-replicas-to-write to 1 on every node"
        )
    if not settings.redis_replicas:
        yield (
            f"work is accepted before a replica of the Redis at {place} has it, and lost with the primary: set"
            f" {PREFIX}REDIS_REPLICAS to 1"
        )
    for host, port in _replicas(client):
        with connect_node(address, host, port, settings) as replica:
            try:
                kept = info(replica, "persistence").get("aof_enabled")
            except redis.RedisError as error:
                yield f"the replica {host}:{port} of {place} cannot be asked whether it keeps what it is given: {error}"
                continue
        if not kept:
            yield (
                f"the replica {host}:{port} of {place} writes no append-only file: as the primary it would start empty"
                " after a restart; set appendonly to yes on every node"
            )


def _replicas(client: redis.Redis) -> list[tuple[str, int]]:
    """Where the replicas are, as the primary knows them."""
    told: dict[str, Any] = info(client, "replication")
    found = (told.get(f"slave{number}") for number in range(int(told.get("connected_slaves", 0))))
    return [(str(one["ip"]), int(one["port"])) for one in found if isinstance(one, dict)]
