"""What the workers of a service offer: their estimators, as those who fill in a form need to know them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import redis

from tasks.redis_keys import ESTIMATORS_KEY

_read = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Offers:
    """The estimators in one Redis, by name, each as `tasks.estimators.describing` tells it (JSON)."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def put(self, name: str, description: bytes) -> None:
        """Say what one is."""
        self._redis.hset(ESTIMATORS_KEY, name, description)

    def replace(self, descriptions: Mapping[str, bytes]) -> None:
        """Say which there are: others are no longer."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(ESTIMATORS_KEY)
            for name, description in descriptions.items():
                pipe.hset(ESTIMATORS_KEY, name, description)
            pipe.execute()

    def all(self) -> list[msgspec.Raw]:
        """All of them, by name."""
        found: Any = self._redis.hgetall(ESTIMATORS_KEY)
        return [msgspec.Raw(description) for _, description in sorted(found.items())]

    def params_schema(self, name: str) -> msgspec.Raw | None:
        """The JSON schema of what a train with it may say in `params`; None if nobody has said."""
        found: Any = self._redis.hget(ESTIMATORS_KEY, name)
        return _read(found).get("params_schema") if found else None
