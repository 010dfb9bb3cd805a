"""Blobs as Redis strings."""

from __future__ import annotations

import io
from typing import Any, Final

import redis

from tasks.redis_keys import BLOB_KEY, BLOBS_KEY
from tasks.storage.blobs import OF_GROUP, Kept, checked, digest_of, group_of, name_for
from tasks.storage.redis_clock import redis_time
from tasks.storage.scripts import register

#: What a reference to bytes in Redis begins with; any other is an fsspec URL.
IN_REDIS: Final = "redis:"
#: Bytes that are asked for at a time. The client holds an answer twice while it reads it, and once until the next one.
PIECE_BYTES: Final = 4 * 1024 * 1024


class RedisBlobs:
    """The blobs of one Redis, each a string of its own."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._discard = register(client, "tasks/storage/lua/discard_blob.lua")

    def put(self, data: bytes) -> str:
        digest = digest_of(data)
        self._store(digest, data)
        return digest

    def get(self, digest: str) -> bytes:
        return checked(digest, read_string(self._redis, BLOB_KEY.format(digest=digest)))

    def keep(self, data: bytes, *, group: str, life_seconds: int | None) -> str:
        name = name_for(group)
        if life_seconds is None:
            self._store(name, data)
        else:
            self._redis.set(BLOB_KEY.format(digest=name), data, ex=life_seconds)
        return f"{IN_REDIS}{name}"

    def put_before(self, before: float) -> list[str]:
        return [name for name in self._before(before) if OF_GROUP not in name]

    def discard(self, digest: str, *, before: float) -> bool:
        return bool(self._discard(keys=[BLOB_KEY.format(digest=digest), BLOBS_KEY], args=[digest, before]))

    def kept_before(self, before: float) -> list[Kept]:
        """Bodies only: Redis removes results by itself."""
        names = [name for name in self._before(before) if OF_GROUP in name]
        return [Kept(f"{IN_REDIS}{name}", group_of(name), is_body=True) for name in names]

    def _store(self, name: str, data: bytes) -> None:
        now = redis_time(self._redis)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(BLOB_KEY.format(digest=name), data, nx=True)
            pipe.zadd(BLOBS_KEY, {name: now})
            pipe.execute()

    def _before(self, before: float) -> list[str]:
        names: Any = self._redis.zrange(BLOBS_KEY, "-inf", f"({before!r}", byscore=True)
        return [name.decode() for name in names]


def read_string(client: redis.Redis, key: str) -> bytes | None:
    """The bytes of a string that never changes; None if there is none, or it is removed meanwhile."""
    piece: Any = client.getrange(key, 0, PIECE_BYTES - 1)
    if len(piece) < PIECE_BYTES:
        return bytes(piece) if piece or client.exists(key) else None
    size: Any = client.strlen(key)
    # In its place at once: what grows leaves as much behind, and the C library keeps it for later.
    whole = io.BytesIO()
    whole.seek(max(size, 1) - 1)
    whole.write(b"\0")
    whole.seek(0)
    while piece:
        whole.write(piece)
        piece = client.getrange(key, whole.tell(), whole.tell() + PIECE_BYTES - 1) if whole.tell() < size else b""
    return whole.getvalue() if size == whole.tell() else None
