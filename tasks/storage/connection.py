"""Connections to Redis, with every time-out set."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from tasks.config.redis_address import RedisAddress
from tasks.config.settings import Settings
from tasks.errors import Unavailable

#: After so long without a word the kernel asks a peer whether it is there, again after so long, and so often (seconds).
KEEPALIVE: Final = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 3, "TCP_KEEPCNT": 3}


@contextmanager
def answering() -> Iterator[None]:
    """Errors of Redis become Unavailable, in words for who calls."""
    try:
        yield
    except redis.RedisError as error:
        raise Unavailable(f"the service's Redis does not answer, is the service running? ({error})") from error


def listener(settings: Settings) -> redis.Redis:
    """A client whose reads wait for ever, as who listens to a channel does; a peer that is gone the kernel finds."""
    return _client(settings.store, timeout_seconds=settings.redis_timeout_seconds, socket_timeout=None)


def connect(settings: Settings) -> redis.Redis:
    """A client of the ledger's Redis that returns bytes. No call takes longer than twice `redis_timeout_seconds`.

    A call on a connection that Redis closed meanwhile is tried once more; a time-out is not, because the command
    may have been carried out. Behind Sentinels each new connection is one to the primary that they name, and an error
    of redis.sentinel, MasterNotFoundError, is a ConnectionError.
    """
    return _patient(settings.store, settings)


def connect_broker(settings: Settings) -> redis.Redis:
    """The same of the Redis in which Celery's queues are."""
    return _patient(settings.broker, settings)


def connect_node(address: RedisAddress, host: str, port: int, settings: Settings) -> redis.Redis:
    """The same of one node behind Sentinels, wherever they say that the primary is."""
    return _patient(address.at(host, port), settings)


def _patient(address: RedisAddress, settings: Settings) -> redis.Redis:
    return _client(
        address,
        timeout_seconds=settings.redis_timeout_seconds,
        socket_timeout=settings.redis_timeout_seconds,
        health_check_interval=30,
        # Nobody asks by whom a connection was made; to say it takes two round trips, and a look into the packages.
        driver_info=None,
        retry=Retry(ExponentialBackoff(cap=0.1, base=0.01), 1, supported_errors=(redis.exceptions.ConnectionError,)),
    )


def _client(address: RedisAddress, *, timeout_seconds: float, **options: Any) -> redis.Redis:
    options["socket_connect_timeout"] = timeout_seconds
    if not address.is_socket:
        options |= keepalive()
    if not address.sentinels:
        return redis.Redis.from_url(address.url, **options)
    # Only where there are Sentinels: it takes what it imports along.
    from tasks.storage.sentinels import primary

    return primary(address, timeout_seconds=timeout_seconds, **options)


def keepalive() -> dict[str, Any]:
    """What finds a peer that is gone without a word: a connection on which nothing is asked would never know."""
    known = {getattr(socket, name): value for name, value in KEEPALIVE.items() if hasattr(socket, name)}
    return {"socket_keepalive": True, "socket_keepalive_options": known}
