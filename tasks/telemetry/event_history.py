"""What Celery's events told of tasks, kept in Redis for whoever begins to watch later, as Flower, which runs only while
somebody looks at it."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import redis

from tasks.redis_keys import EVENTS_KEY

log = logging.getLogger(__name__)

#: So many batches are kept; each worker sends one a second at most, with the events of some ten tasks.
BATCHES: Final = 1000
#: zlib's fastest: events of the same kind are alike, and a tenth is left of them.
LEVEL: Final = 1


class EventHistory:
    """The batches of events that were sent last, of all workers."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def keep(self, batch: Sequence[Mapping[str, Any]]) -> None:
        """Keep these events, instead of the oldest ones. Raises nothing: no work depends on it."""
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.rpush(EVENTS_KEY, zlib.compress(msgspec.json.encode(batch), LEVEL))
                pipe.ltrim(EVENTS_KEY, -BATCHES, -1)
                pipe.execute()
        except redis.exceptions.RedisError as error:
            log.warning("what happened to tasks cannot be kept for Flower: %s", error)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The events, in the order in which they were sent. Raises RedisError."""
        batches: Any = self._redis.lrange(EVENTS_KEY, 0, -1)
        for batch in batches:
            yield from msgspec.json.decode(zlib.decompress(batch))
