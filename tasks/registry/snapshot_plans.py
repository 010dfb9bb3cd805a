"""The plan of a snapshot that an earlier release stored without one."""

from __future__ import annotations

from typing import Any

import msgspec
import redis

from tasks.redis_keys import MODEL_KEY


class SnapshotPlans:
    """Says where the plans of snapshots are that were stored without one."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def add(self, model: str, *, created_at: float, plan: str) -> bool:
        """Say where (blob) the plan of the model's snapshot of that time is. False and no change if that is the latest
        no more, or has one."""
        key = MODEL_KEY.format(model=model)

        def change(pipe: redis.client.Pipeline) -> Any:
            record: Any = pipe.hget(key, "snapshot")
            pipe.multi()
            said = msgspec.json.decode(record, type=dict[str, msgspec.Raw]) if record is not None else {}
            if said and msgspec.json.decode(said["created_at"]) == created_at and said.get("plan") in (None, b'""'):
                said["plan"] = msgspec.Raw(msgspec.json.encode(plan))
                pipe.hset(key, "snapshot", msgspec.json.encode(said))
                return True
            return False

        return bool(self._redis.transaction(change, key, value_from_callable=True))
