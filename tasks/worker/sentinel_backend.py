"""Celery's backend where Sentinels name the Redis of results, on connections that are not used again after an error."""

from __future__ import annotations

from typing import Any

import redis
from celery.backends.redis import SentinelBackend

from tasks.storage.sentinels import PrimaryConnection, SecurePrimaryConnection


class PrimaryBackend(SentinelBackend):  # type: ignore[misc]
    """What the scheme `sentinel` stands for among the backends of our processes. Celery's keeps a connection whose
    answer came too late, and takes that for the answer to its next command."""

    def _get_pool(self, **params: Any) -> Any:
        pool = super()._get_pool(**params)
        is_secure = issubclass(pool.connection_class, redis.SSLConnection)
        pool.connection_class = SecurePrimaryConnection if is_secure else PrimaryConnection
        return pool
