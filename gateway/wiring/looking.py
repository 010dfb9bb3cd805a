"""Looks at Redis that are taken again and again, all in one turn of one thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress

import redis

from tasks.strikes import until_strike
from tasks.threads import in_thread


async def look_again(looks: Sequence[Callable[[], None]], *, seconds: float) -> None:
    """Look every so many seconds, until cancelled. While Redis is away a look is left out."""
    while True:
        await in_thread(_look, looks)
        await asyncio.sleep(until_strike(seconds))


def _look(looks: Sequence[Callable[[], None]]) -> None:
    for look in looks:
        with suppress(redis.exceptions.RedisError):
            look()
