"""Moves what a stopped home holds to a Redis outside, and to another blob store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final, TypeVar

import redis

from infra.backup.keys import is_ours, names, read, write
from infra.backup.origin import Origin
from infra.backup.private_valkey import serving
from infra.backup.progress import Progress
from infra.redis_server.suitability import refuse_unsuitable
from tasks.config.settings import Settings
from tasks.errors import Conflict, SettingsError
from tasks.redis_keys import BLOB_KEY, BLOBS_KEY, MOVED_KEY, MOVING_KEY
from tasks.storage.blobs import OF_GROUP, Blobs
from tasks.storage.fsspec_blobs import FsspecBlobs
from tasks.storage.redis_blobs import RedisBlobs
from tasks.storage.stores import blobs_of, files_of

T = TypeVar("T")
#: The setting of a blob store that has no files.
IN_REDIS: Final = "redis"
#: So many keys are read and written together, and so many removed.
PAGE: Final = 200


def move(origin: Origin, target: Settings, *, tell: Callable[[str], None], client: redis.Redis) -> int:
    """Write all that this home holds to the Redis of `client` and the blob store of these settings; how many keys.

    The home is left as it is. May be done again after it was broken off. Raises Conflict if the home's service runs or
    the other Redis holds a service, SettingsError if it may evict keys or takes no writes, Unavailable,
    redis.RedisError, OSError.
    """
    home = origin.home
    refuse_unsuitable(client, target.store.place)
    with home.claim(), serving(home.redis, tell=tell) as source:
        _clear(client)
        client.set(MOVING_KEY, 1)
        old, new = files_of(origin.settings, source), files_of(target, client)
        emptied = old is None and new is not None
        references = _move_files(old, new, tell) if old and new and old.prefix != new.prefix else {}
        if emptied:
            _move_strings(source, blobs_of(target, client))
        count = 0
        progress = Progress("moved", tell=tell)
        for page in _pages(names(source), PAGE):
            keys = [key for key in read(source, page) if not (emptied and _is_put(key.name))]
            write(client, keys)
            count += len(keys)
            progress.add(sum(len(part) for key in keys for part in key.parts))
        if emptied:
            _forget_put(client)
        for before, now in references.items():
            client.hdel(MOVED_KEY, now)
            client.hset(MOVED_KEY, before, now)
    client.delete(MOVING_KEY)
    return count


def check_stores(old: str, new: str) -> None:
    """Raise SettingsError if bytes cannot be moved from one blob store to the other."""
    if new == IN_REDIS != old:
        raise SettingsError(
            f"what lies at {old} cannot be moved into Redis: set MLSERVICE_BLOBS_URL to a folder or a bucket"
        )


def _clear(client: redis.Redis) -> None:
    """Remove what a move has left that was broken off. Raises Conflict if a service has keys there."""
    if client.exists(MOVING_KEY):
        for page in _pages(names(client), PAGE):
            client.delete(*page)
    elif next((name for name in client.scan_iter("ml:*", count=1000) if is_ours(name)), None):
        raise Conflict("that Redis holds a service already: give an empty one, or another database of it")


def _move_files(source: FsspecBlobs, target: FsspecBlobs, tell: Callable[[str], None]) -> Mapping[str, str]:
    """Copy all files of one store to another; where references lead now."""
    progress = Progress("copied to the new blob store", tell=tell)
    there = dict(target.files())
    for name, size in source.files():
        if there.get(name) != size:
            target.write_file(name, source.read_file(name))
        progress.add(size)
    return {source.prefix: target.prefix}


def _move_strings(source: redis.Redis, target: Blobs) -> None:
    """Put all that was put into Redis into another store."""
    blobs = RedisBlobs(source)
    for name in names(source):
        if _is_put(name):
            target.put(blobs.get(_digest(name)))


def _forget_put(client: redis.Redis) -> None:
    there: Any = client.zrange(BLOBS_KEY, 0, -1)
    for page in _pages([name for name in there if OF_GROUP.encode() not in name], PAGE):
        client.zrem(BLOBS_KEY, *page)


def _is_put(name: bytes) -> bool:
    """Whether a key is a blob that was put for good, and not kept for a group."""
    return name.startswith(BLOB_KEY.partition("{")[0].encode()) and OF_GROUP not in _digest(name)


def _digest(name: bytes) -> str:
    return name.decode().removeprefix(BLOB_KEY.partition("{")[0])


def _pages(items: Iterable[T], size: int) -> Iterator[list[T]]:
    whole = iter(items)
    while page := list(islice(whole, size)):
        yield page
