"""Whether a Redis can hold the service: it keeps what it was given, takes writes, and is one primary."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import redis

from tasks.config.redis_address import RedisAddress
from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tasks.ledger.backpressure import KEEPS_ALL
from tasks.storage.connection import connect, connect_broker

log = logging.getLogger(__name__)


def refuse_unsuitable(client: redis.Redis, place: str) -> None:
    """Raise SettingsError if this Redis may evict keys, is a part of a cluster, or takes no writes; redis.RedisError if
    it does not answer."""
    if info(client, "cluster").get("cluster_enabled"):
        raise SettingsError(
            f"the Redis at {place} is a node of a Redis Cluster, which is not supported: name one primary"
            " (cluster-enabled no), or the Sentinels of one (sentinel://)"
        )
    if info(client, "replication").get("role") == "slave":
        raise SettingsError(
            f"the Redis at {place} is a replica, which takes no writes: name its primary, or its Sentinels"
        )
    policy = str(info(client, "memory").get("maxmemory_policy", KEEPS_ALL))
    if policy != KEEPS_ALL:
        raise SettingsError(
            f"the Redis at {place} may evict accounts and accepted work (its maxmemory-policy is {policy}): set it to"
            f" {KEEPS_ALL}, or give the service a Redis of its own"
        )


def refuse_known_unsuitable(settings: Settings) -> None:
    """The same for one process of the service, which starts while Redis is away: then nothing is known yet."""
    for open_client, address in used(settings):
        try:
            with open_client(settings) as client:
                refuse_unsuitable(client, address.place)
        except redis.RedisError as error:
            log.warning("whether Redis keeps all it was given is not known: %s", error)


def used(settings: Settings) -> list[tuple[Callable[[Settings], redis.Redis], RedisAddress]]:
    """Each Redis that these settings name: what connects to it, and where it is."""
    found: list[tuple[Callable[[Settings], redis.Redis], RedisAddress]] = [(connect, settings.store)]
    return [*found, (connect_broker, settings.broker)] if settings.apart else found


def info(client: redis.Redis, section: str) -> dict[str, Any]:
    """A section of what Redis tells of itself."""
    found: Any = client.info(section)
    return dict(found)
