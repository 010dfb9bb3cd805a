"""Bytes by content hash: in Redis, or in a folder or bucket through fsspec."""

from __future__ import annotations

import hashlib
import os
from typing import Any, Protocol

import redis

from tasks.contract import BLOB_KEY
from tasks.errors import Unavailable


class Blobs(Protocol):
    """Where bytes live that are too large for a record. A blob never changes."""

    def put(self, data: bytes) -> str:
        """Store bytes durably and return their digest. Storing the same bytes again is no error."""

    def get(self, digest: str) -> bytes:
        """The bytes with this digest. Raises Unavailable if they are missing or damaged."""


class RedisBlobs:
    """Blobs as Redis strings."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def put(self, data: bytes) -> str:
        digest = _digest(data)
        self._redis.set(BLOB_KEY.format(digest=digest), data, nx=True)
        return digest

    def get(self, digest: str) -> bytes:
        data: Any = self._redis.get(BLOB_KEY.format(digest=digest))
        return _checked(digest, data)


class FolderBlobs:
    """Blobs as files below an fsspec URL, written whole or not at all."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._fs, self._root = fsspec.core.url_to_fs(url)

    def put(self, data: bytes) -> str:
        digest = _digest(data)
        path = self._path(digest)
        if self._fs.exists(path):
            return digest
        self._fs.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120 - a path in any file system
        # autocommit=False: written aside, then moved into place, on a folder as on a bucket.
        with self._fs.open(path, "wb", autocommit=False) as file:
            file.write(data)
            file.flush()
            if hasattr(file, "fileno"):
                os.fsync(file.fileno())
        file.commit()
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return _checked(digest, self._fs.cat_file(self._path(digest)))
        except FileNotFoundError:
            return _checked(digest, None)

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def open_blobs(url: str, client: redis.Redis) -> Blobs:
    """The blobs that the setting `blobs_url` names."""
    return RedisBlobs(client) if url == "redis" else FolderBlobs(url)


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _checked(digest: str, data: bytes | None) -> bytes:
    if data is None:
        raise Unavailable(f"the blob {digest} is missing: is the blob store the one that it was written to?")
    if _digest(data) != digest:
        raise Unavailable(f"the blob {digest} is damaged in the blob store")
    return data
