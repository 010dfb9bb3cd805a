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

import msgspec
import redis

from tasks.contract import BLOB_KEY, BLOBS_KEY
from tasks.errors import Unavailable

#: What a reference to bytes in Redis begins with; any other is an fsspec URL.
IN_REDIS: Final = "redis:"
#: What comes between a group's id and the rest of the name of what is kept for it.
_OF_GROUP: Final = "-"

#: KEYS: blob, blobs. ARGV: its name, before (seconds since the epoch). Removes a blob, unless it was put again since
#: then. Returns 1, or 0 and no change.
_DISCARD: Final = """
local put = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not put or tonumber(put) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('DEL', KEYS[1])
"""


class Kept(msgspec.Struct, frozen=True):
    """What is kept for a group: a body, until it is dropped; or a result, for a while."""

    reference: str
    #: Empty if the name does not say it.
    group: str
    is_body: bool


class Blobs(Protocol):
    """Where bytes live that are too large for a record. A blob never changes. Times are seconds since the epoch."""

    def put(self, data: bytes) -> str:
        """Store bytes for good, safe from a crash of the machine, and return their digest. Twice is no error, and makes
        the blob as young as a new one."""

    def get(self, digest: str) -> bytes:
        """The bytes with this digest. Raises Unavailable if they are missing or damaged."""

    def keep(self, data: bytes, *, group: str, life_seconds: int | None) -> str:
        """Store bytes for a group for a while, or until they are dropped, and return a reference to them."""

    def put_before(self, before: float) -> list[str]:
        """The digests of what was put for the last time before that."""

    def discard(self, digest: str, *, before: float) -> bool:
        """Remove what was put, unless it was put again since then."""

    def kept_before(self, before: float) -> list[Kept]:
        """What was kept before that, does not go by itself, and was not dropped."""


class RedisBlobs:
    """Blobs as Redis strings."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._discard = client.register_script(_DISCARD)

    def put(self, data: bytes) -> str:
        digest = digest_of(data)
        self._store(digest, data)
        return digest

    def get(self, digest: str) -> bytes:
        data: Any = self._redis.get(BLOB_KEY.format(digest=digest))
        return checked(digest, data)

    def keep(self, data: bytes, *, group: str, life_seconds: int | None) -> str:
        name = name_for(group)
        if life_seconds is None:
            self._store(name, data)
        else:
            self._redis.set(BLOB_KEY.format(digest=name), data, ex=life_seconds)
        return f"{IN_REDIS}{name}"

    def put_before(self, before: float) -> list[str]:
        return [name for name in self._before(before) if _OF_GROUP not in name]

    def discard(self, digest: str, *, before: float) -> bool:
        return bool(self._discard(keys=[BLOB_KEY.format(digest=digest), BLOBS_KEY], args=[digest, before]))

    def kept_before(self, before: float) -> list[Kept]:
        """Bodies only: Redis removes results by itself."""
        names = [name for name in self._before(before) if _OF_GROUP in name]
        return [Kept(f"{IN_REDIS}{name}", group_of(name), is_body=True) for name in names]

    def _store(self, name: str, data: bytes) -> None:
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(BLOB_KEY.format(digest=name), data, nx=True)
            pipe.zadd(BLOBS_KEY, {name: time.time()})
            pipe.execute()

    def _before(self, before: float) -> list[str]:
        names: Any = self._redis.zrange(BLOBS_KEY, "-inf", f"({before!r}", byscore=True)
        return [name.decode() for name in names]


def open_blobs(url: str, client: redis.Redis) -> Blobs:
    """The blobs that the setting `blobs_url` names."""
    if url == "redis":
        return RedisBlobs(client)
    from tasks.storage.fsspec_blobs import FolderBlobs

    return FolderBlobs(url)


def read_kept(reference: str, client: redis.Redis) -> bytes:
    """The bytes that were kept under this reference. Raises Unavailable if they are missing."""
    data: Any
    if reference.startswith(IN_REDIS):
        data = client.get(_key(reference))
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
    if reference.startswith(IN_REDIS):
        size: Any = client.strlen(_key(reference))
        return int(size) or None
    fs, path = _at(reference)
    try:
        return int(fs.size(path))
    except FileNotFoundError:
        return None


def drop_kept(reference: str, client: redis.Redis) -> None:
    """Remove what was kept under this reference; if it is gone already, that is no error."""
    if reference.startswith(IN_REDIS):
        with client.pipeline(transaction=True) as pipe:
            pipe.delete(_key(reference))
            pipe.zrem(BLOBS_KEY, reference.removeprefix(IN_REDIS))
            pipe.execute()
        return
    fs, path = _at(reference)
    with suppress(FileNotFoundError):
        fs.rm_file(path)


def name_for(group: str) -> str:
    """A new name for what is kept for a group."""
    return f"{group}{_OF_GROUP}{os.urandom(8).hex()}"


def group_of(name: str) -> str:
    """The group that a name is for; empty if it does not say."""
    group, separator, _ = name.partition(_OF_GROUP)
    return group if separator else ""


def digest_of(data: bytes) -> str:
    """The name of what is put."""
    return hashlib.sha256(data).hexdigest()


def checked(digest: str, data: bytes | None) -> bytes:
    """The bytes, if they are those of this digest. Raises Unavailable."""
    if data is None:
        raise Unavailable(f"the blob {digest} is missing: is the blob store the one that it was written to?")
    if digest_of(data) != digest:
        raise Unavailable(f"the blob {digest} is damaged in the blob store")
    return data


def _key(reference: str) -> str:
    return BLOB_KEY.format(digest=reference.removeprefix(IN_REDIS))


def _at(reference: str) -> tuple[Any, str]:
    import fsspec

    fs, path = fsspec.core.url_to_fs(reference)
    return fs, path
