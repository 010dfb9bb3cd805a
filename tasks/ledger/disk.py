"""What is wrong with the disk of Redis, told to those who accept work by who looks after it."""

from __future__ import annotations

from typing import Final

import redis

from tasks.redis_keys import DISK_KEY

#: What is not told again in this time is over.
LIFE_SECONDS: Final = 10


def tell_fault(client: redis.Redis, words: str) -> None:
    """Have no new work accepted for LIFE_SECONDS, for the reason in `words`. Raises RedisError."""
    client.set(DISK_KEY, words, ex=LIFE_SECONDS)


def clear_fault(client: redis.Redis) -> None:
    """Have work accepted again. Raises RedisError."""
    client.delete(DISK_KEY)
