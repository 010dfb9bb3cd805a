"""Bytes too large for a record: in Redis, or in a folder or bucket through fsspec.

Artefacts and snapshots are put for good, by content hash. Bodies and results are kept for a while, under a reference
that says where they are, so that any process can read it whatever its own setting is.
"""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from typing import Any, Final, Protocol

import redis

from tasks.contract import BLOB_KEY
from tasks.errors import Unavailable

#: What a reference to bytes in Redis begins with; any other is an fsspec URL.
_IN_REDIS: Final = "redis:"
#: The folders of what is kept for a while, and until it is dropped.
_FOR_A_WHILE, _UNTIL_DROPPED = "results", "uploads"


class Blobs(Protocol):
    """Where bytes live that are too large for a record. A blob never changes."""

    def put(self, data: bytes) -> str:
        """Store bytes for good, safe from a crash of the machine, and return their digest. Twice is no error."""

    def get(self, digest: str) -> bytes:
        """The bytes with this digest. Raises Unavailable if they are missing or damaged."""

    def keep(self, data: bytes, *, life_seconds: int | None) -> str:
        """Store bytes for a while, or until they are dropped, and return a reference to them."""

    def sweep(self, *, older_than_seconds: int) -> int:
        """Remove what was kept for a while, longer ago than that. Returns how many."""


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

    def keep(self, data: bytes, *, life_seconds: int | None) -> str:
        name = os.urandom(16).hex()
        self._redis.set(BLOB_KEY.format(digest=name), data, ex=life_seconds)
        return f"{_IN_REDIS}{name}"

    def sweep(self, *, older_than_seconds: int) -> int:
        """Nothing to do: Redis removes them by itself."""
        return 0


class FolderBlobs:
    """Blobs as files below an fsspec URL, written whole or not at all."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._fs, self._root = fsspec.core.url_to_fs(url)

    def put(self, data: bytes) -> str:
        digest = _digest(data)
        path = self._path(digest)
        if not self._fs.exists(path):
            self._write(path, data, sync=True)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return _checked(digest, self._fs.cat_file(self._path(digest)))
        except FileNotFoundError:
            return _checked(digest, None)

    def keep(self, data: bytes, *, life_seconds: int | None) -> str:
        folder = _UNTIL_DROPPED if life_seconds is None else _FOR_A_WHILE
        path = f"{self._root}/{folder}/{os.urandom(16).hex()}"
        # As safe as the record that names it: its append-only file is not synced at each write either.
        self._write(path, data, sync=False)
        return str(self._fs.unstrip_protocol(path))

    def sweep(self, *, older_than_seconds: int) -> int:
        limit = time.time() - older_than_seconds
        old = [
            path
            for path in self._fs.find(f"{self._root}/{_FOR_A_WHILE}")
            if self._fs.modified(path).timestamp() < limit
        ]
        for path in old:
            self._fs.rm_file(path)
        return len(old)

    def _write(self, path: str, data: bytes, *, sync: bool) -> None:
        self._fs.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120 - a path in any file system
        # autocommit=False: written aside, then moved into place, on a folder as on a bucket.
        with self._fs.open(path, "wb", autocommit=False) as file:
            file.write(data)
            file.flush()
            if sync and hasattr(file, "fileno"):
                os.fsync(file.fileno())
        file.commit()

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def open_blobs(url: str, client: redis.Redis) -> Blobs:
    """The blobs that the setting `blobs_url` names."""
    return RedisBlobs(client) if url == "redis" else FolderBlobs(url)


def read_kept(reference: str, client: redis.Redis) -> bytes:
    """The bytes that were kept under this reference. Raises Unavailable if they are missing."""
    data: Any
    if reference.startswith(_IN_REDIS):
        data = client.get(BLOB_KEY.format(digest=reference.removeprefix(_IN_REDIS)))
    else:
        fs, path = _at(reference)
        try:
            data = fs.cat_file(path)
        except FileNotFoundError:
            data = None
    if data is None:
        raise Unavailable(f"the bytes at {reference} are missing: is the blob store the one that they were written to?")
    return bytes(data)


def kept_bytes(reference: str, client: redis.Redis) -> int | None:
    """The size of what was kept under this reference, in bytes; None if it is missing."""
    if reference.startswith(_IN_REDIS):
        size: Any = client.strlen(BLOB_KEY.format(digest=reference.removeprefix(_IN_REDIS)))
        return int(size) or None
    fs, path = _at(reference)
    try:
        return int(fs.size(path))
    except FileNotFoundError:
        return None


def drop_kept(reference: str, client: redis.Redis) -> None:
    """Remove what was kept under this reference; if it is gone already, that is no error."""
    if reference.startswith(_IN_REDIS):
        client.delete(BLOB_KEY.format(digest=reference.removeprefix(_IN_REDIS)))
        return
    fs, path = _at(reference)
    with suppress(FileNotFoundError):
        fs.rm_file(path)


def _at(reference: str) -> tuple[Any, str]:
    import fsspec

    fs, path = fsspec.core.url_to_fs(reference)
    return fs, path


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _checked(digest: str, data: bytes | None) -> bytes:
    if data is None:
        raise Unavailable(f"the blob {digest} is missing: is the blob store the one that it was written to?")
    if _digest(data) != digest:
        raise Unavailable(f"the blob {digest} is damaged in the blob store")
    return data
