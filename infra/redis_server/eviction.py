"""Whether Redis may throw away what it was given."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

import redis

from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tasks.ledger.backpressure import KEEPS_ALL
from tasks.storage.connection import connect

log = logging.getLogger(__name__)


def where(url: str) -> str:
    """The place in a URL of Redis, without user and password."""
    parts = urlsplit(url)
    return parts.path if parts.scheme == "unix" else parts.netloc.rpartition("@")[2]


def refuse_evicting(client: redis.Redis, place: str) -> None:
    """Raise SettingsError if this Redis may evict keys, redis.RedisError if it does not answer."""
    policy = str(info(client, "memory").get("maxmemory_policy", KEEPS_ALL))
    if policy != KEEPS_ALL:
        raise SettingsError(
            f"the Redis at {place} may evict accounts and accepted work (its maxmemory-policy is {policy}): set it to"
            f" {KEEPS_ALL}, or give the service a Redis of its own"
        )


def refuse_known_evicting(settings: Settings) -> None:
    """The same for one process of the service, which starts while Redis is away: then nothing is known yet."""
    try:
        with connect(settings) as client:
            refuse_evicting(client, where(settings.redis_url))
    except redis.RedisError as error:
        log.warning("whether Redis keeps all it was given is not known: %s", error)


def info(client: redis.Redis, section: str) -> dict[str, Any]:
    """A section of what Redis tells of itself."""
    found: Any = client.info(section)
    return dict(found)
