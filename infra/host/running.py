"""Finding the service that a command is about: by the environment, or by its home."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import redis

from infra.host.home import Home
from tasks.config.home import environment_of
from tasks.config.settings import Settings
from tasks.storage.connection import answering, connect


def settings_of(home: Home, environ: Mapping[str, str]) -> Settings:
    """The settings of the service in this home; what the environment says comes first.

    Raises Unavailable if neither they nor a file say where Redis is.
    """
    values = environment_of(home.root, environ)
    if home.token_keys.exists():
        values |= home.naming_keys(values)
    return Settings.load(values | home.naming_sources(values))


@contextmanager
def redis_of(settings: Settings) -> Iterator[redis.Redis]:
    """The service's Redis. Raises Unavailable if it does not answer."""
    client = connect(settings)
    try:
        with answering():
            yield client
    finally:
        client.close()
