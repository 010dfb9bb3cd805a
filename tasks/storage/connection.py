"""Connections to Redis, with every time-out set."""

from __future__ import annotations

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from tasks.config.settings import Settings


def connect(settings: Settings) -> redis.Redis:
    """A client that returns bytes. No call takes longer than twice `redis_timeout_seconds`.

    A call on a connection that Redis closed meanwhile is tried once more; a time-out is not, because the command
    may have been carried out.
    """
    timeout = settings.redis_timeout_seconds
    options: dict[str, object] = {} if settings.redis_url.startswith("unix:") else {"socket_keepalive": True}
    return redis.Redis.from_url(
        settings.redis_url,
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        health_check_interval=30,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.01), 1, supported_errors=(redis.exceptions.ConnectionError,)),
        **options,
    )
