"""Which store a URL or a reference means: Redis, or a folder or bucket through fsspec."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import redis

from tasks.errors import Unavailable
from tasks.redis_keys import BLOB_KEY, BLOBS_KEY, HELD_KEY, MOVED_KEY
from tasks.storage.blobs import Blobs
from tasks.storage.redis_blobs import IN_REDIS, RedisBlobs, read_string


def open_blobs(url: str, client: redis.Redis) -> Blobs:
    """The blobs that the setting `blobs_url` names."""
    if url == "redis":
        return RedisBlobs(client)
    from tasks.storage.fsspec_blobs import FsspecBlobs

    return FsspecBlobs(url)


def load_store(url: str) -> None:
    """Import what `open_blobs` needs for this URL, which processes that are forked later then share.

    Raises ImportError if the store's package is not installed.
    """
    if url == "redis":
        return
    import fsspec

    import tasks.storage.fsspec_blobs  # noqa: F401

    fsspec.get_filesystem_class(fsspec.core.split_protocol(url)[0] or "file")


def is_held(client: redis.Redis) -> bool:
    """Whether nothing may be removed from the blob store, because a backup copies it."""
    return bool(client.exists(HELD_KEY))


def place_now(reference: str, moved: Mapping[str, str]) -> str:
    """Where that lies now to which a reference leads, after all moves from one URL to another."""
    for _ in moved:
        old = next((old for old in moved if reference.startswith(f"{old}/")), None)
        if old is None:
            break
        reference = moved[old] + reference[len(old) :]
    return reference


def read_kept(reference: str, client: redis.Redis) -> bytes:
    """The bytes that were kept under this reference. Raises Unavailable if they are missing."""
    data: Any
    if reference.startswith(IN_REDIS):
        data = read_string(client, _key(reference))
    else:
        fs, path = _at(reference, client)
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
    fs, path = _at(reference, client)
    try:
        return int(fs.size(path))
    except FileNotFoundError:
        return None


def drop_kept(reference: str, client: redis.Redis) -> None:
    """Remove what was kept under this reference; if it is gone already, that is no error.

    While a backup is made it stays, and goes with a sweep: the record may still name it in what was copied before.
    """
    if is_held(client):
        return
    if reference.startswith(IN_REDIS):
        with client.pipeline(transaction=True) as pipe:
            pipe.delete(_key(reference))
            pipe.zrem(BLOBS_KEY, reference.removeprefix(IN_REDIS))
            pipe.execute()
        return
    fs, path = _at(reference, client)
    with suppress(FileNotFoundError):
        fs.rm_file(path)


def _key(reference: str) -> str:
    return BLOB_KEY.format(digest=reference.removeprefix(IN_REDIS))


def _at(reference: str, client: redis.Redis) -> tuple[Any, str]:
    from tasks.storage.fsspec_urls import locate

    moved: Any = client.hgetall(MOVED_KEY)
    return locate(place_now(reference, {old.decode(): new.decode() for old, new in moved.items()}))
