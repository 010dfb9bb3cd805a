"""What rows of estimates looked like lately, column by column: samples of them, counted by who predicts."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import redis

from tasks.redis_keys import DRIFT_KEY

#: How many samples are kept of a model, and for how long after the last one (seconds).
KEPT: Final = 100
LIFE_SECONDS: Final = 24 * 3600
#: What values are called that are not counted by themselves.
OTHERS: Final = "others"


class ColumnSample(msgspec.Struct, frozen=True, array_like=True):
    """The values of one column in a sample."""

    #: Of numbers: how many lie in each of equal parts between the least and the largest of training.
    parts: list[int] = []
    #: How many are less than the least, and larger than the largest.
    below: int = 0
    above: int = 0
    #: Of categories and booleans: how many have each value; those that training did not know count as missing.
    values: dict[str, int] = {}
    missing: int = 0
    #: The least and the largest of training, between which the parts lie.
    low: float = 0.0
    high: float = 0.0


class Sample(msgspec.Struct, frozen=True, array_like=True):
    """Rows that one process predicted with one version."""

    version: int
    #: When it was put down (seconds since the epoch), and how many rows it is of.
    at: float
    rows: int
    #: By name; at most so many as who counts looks at.
    columns: dict[str, ColumnSample]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Sample).decode


class Drift:
    """The samples in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def add(self, model: str, sample: Sample) -> None:
        """Put a sample down; the oldest goes where there are too many. Raises RedisError."""
        key = DRIFT_KEY.format(model=model)
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.lpush(key, _encode(sample))
            pipe.ltrim(key, 0, KEPT - 1)
            pipe.expire(key, LIFE_SECONDS)
            pipe.execute()

    def samples(self, model: str) -> list[Sample]:
        """Those that are kept, the newest first."""
        found: Any = self._redis.lrange(DRIFT_KEY.format(model=model), 0, KEPT - 1)
        return [_decode(one) for one in found]
