"""Has nothing removed from the blob store while it is copied."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

import redis

from tasks.redis_keys import HELD_KEY, SWEEPING_KEY

#: So long nothing is removed after the last word of a backup whose process died (seconds), and how often it says one.
HELD_SECONDS: Final = 60
AGAIN_SECONDS: Final = 10.0
#: How often it is looked whether a sweep has ended (seconds).
LOOK_SECONDS: Final = 0.2


@contextmanager
def held(client: redis.Redis, *, tell: Callable[[str], None]) -> Iterator[None]:
    """While inside, workers leave what is over where it is, and no sweep goes on. Raises redis.RedisError."""
    _hold(client)
    ended = threading.Event()
    thread = threading.Thread(target=_keep, args=[client, ended], name="hold", daemon=True)
    thread.start()
    try:
        if client.exists(SWEEPING_KEY):
            tell("waits for the end of a sweep")
            while client.exists(SWEEPING_KEY):
                time.sleep(LOOK_SECONDS)
        yield
    finally:
        ended.set()
        thread.join()
        with suppress(redis.RedisError):
            client.delete(HELD_KEY)


def _keep(client: redis.Redis, ended: threading.Event) -> None:
    while not ended.wait(AGAIN_SECONDS):
        with suppress(redis.RedisError):
            _hold(client)


def _hold(client: redis.Redis) -> None:
    client.set(HELD_KEY, 1, ex=HELD_SECONDS)
