"""Connections to Redis, with every time-out set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from tasks.config.settings import Settings
from tasks.errors import Unavailable


@contextmanager
def answering() -> Iterator[None]:
    """Errors of Redis become Unavailable, in words for who calls."""
    try:
        yield
    except redis.RedisError as error:
        raise Unavailable(f"the service's Redis does not answer, is the service running? ({error})") from error


def listener(settings: Settings) -> redis.Redis:
    """A client whose reads wait for ever, as who listens to a channel does; a peer that is gone the kernel finds."""
    keepalive: dict[str, object] = {} if settings.redis_url.startswith("unix:") else {"socket_keepalive": True}
    timeout = settings.redis_timeout_seconds
    return redis.Redis.from_url(settings.redis_url, socket_connect_timeout=timeout, socket_timeout=None, **keepalive)


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
        # Nobody asks by whom a connection was made; to say it takes two round trips, and a look into the packages.
        driver_info=None,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.01), 1, supported_errors=(redis.exceptions.ConnectionError,)),
        **options,
    )
