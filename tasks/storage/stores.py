"""Which store a URL or a reference means: Redis, or a folder or bucket through fsspec."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import redis

from tasks.config.areas.storage import StorageSettings
from tasks.errors import Unavailable
from tasks.redis_keys import BLOB_KEY, BLOBS_KEY, HELD_KEY, MOVED_KEY
from tasks.storage.blobs import Blobs
from tasks.storage.redis_blobs import IN_REDIS, RedisBlobs, read_string

if TYPE_CHECKING:
    from tasks.storage.fsspec_blobs import FsspecBlobs


def blobs_of(settings: StorageSettings, client: redis.Redis) -> Blobs:
    """The blobs that the settings name."""
    return open_blobs(settings.blobs_url, client, encryption=settings.blobs_encryption)


def files_of(settings: StorageSettings, client: redis.Redis) -> FsspecBlobs | None:
    """The same, with the files that they are; None if they lie in Redis."""
    from tasks.storage.fsspec_blobs import FsspecBlobs

    blobs = blobs_of(settings, client)
    return blobs if isinstance(blobs, FsspecBlobs) else None


def open_blobs(url: str, client: redis.Redis, *, encryption: str = "") -> Blobs:
    """The blobs that the setting `blobs_url` names; `encryption` as the setting of that name says."""
    if url == "redis":
        return RedisBlobs(client)
    from tasks.storage.fsspec_urls import is_folder

    if is_folder(url):
        from tasks.storage.folder_blobs import FolderBlobs

        return FolderBlobs(url)
    from tasks.storage.bucket_blobs import BucketBlobs

    return BucketBlobs(url, client, encryption=encryption)


def load_store(url: str) -> None:
    """Import what `open_blobs` needs for this URL, which processes that are forked later then share.

    Raises ImportError if the store's package is not installed.
    """
    if url == "redis":
        return
    import fsspec

    from tasks.storage.fsspec_urls import is_folder

    if is_folder(url):
        import tasks.storage.folder_blobs
    else:
        import tasks.storage.bucket_blobs  # noqa: F401
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
    in_redis = reference.startswith(IN_REDIS)
    data = read_string(client, _key(reference)) if in_redis else _asked(reference, client, "cat_file")
    if data is None:
        raise Unavailable(f"the bytes at {reference} are missing: is the blob store the one that they were written to?")
    return bytes(data)


def kept_bytes(reference: str, client: redis.Redis) -> int | None:
    """The size of what was kept under this reference, in bytes; None if it is missing."""
    if reference.startswith(IN_REDIS):
        size: Any = client.strlen(_key(reference))
        return int(size) or None
    size = _asked(reference, client, "size")
    return None if size is None else int(size)


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
    _asked(reference, client, "rm_file")


def _key(reference: str) -> str:
    return BLOB_KEY.format(digest=reference.removeprefix(IN_REDIS))


def _asked(reference: str, client: redis.Redis, call: str) -> Any:
    """What the file system of a reference returns for it, wherever that lies now; None if there is no such file."""
    from tasks.storage.fsspec_urls import is_folder, locate
    from tasks.storage.places import reached

    moved: Any = client.hgetall(MOVED_KEY)
    place = place_now(reference, {old.decode(): new.decode() for old, new in moved.items()})
    fs, path = locate(place)
    ask = partial(getattr(fs, call), path)
    try:
        return ask() if is_folder(place) else reached(ask)
    except FileNotFoundError:
        return None
