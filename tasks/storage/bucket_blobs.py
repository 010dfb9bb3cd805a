"""Blobs as objects in a bucket, or as files of another place that is not this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

import redis

from tasks.config.areas.storage import KMS
from tasks.errors import Unavailable
from tasks.redis_keys import REMOVAL_KEY
from tasks.storage.fsspec_blobs import FsspecBlobs
from tasks.storage.places import OPTIONS, reached

T = TypeVar("T")

#: An object of twice as many bytes is sent in parts of so many, several at a time: a part that fails is sent once more,
#: and not all of it. S3 has 10,000 parts at most, and none but the last below 5 MiB.
PART_BYTES: Final = 8 * 2**20
#: What is said of a blob while it is being removed, and then.
_REMOVING, _REMOVED = b"removing", b"removed"
#: How long that is said (seconds): longer than anybody takes from the end of a write to the look at it.
_SAID_SECONDS: Final = 600
#: How long after that was said the object may still be removed, and after which time who puts it waits no longer
#: (seconds).
_REMOVED_WITHIN: Final = 20.0
_WAITED: Final = 90.0
_LOOK_SECONDS: Final = 0.1


class BucketBlobs(FsspecBlobs):
    """The blobs below one URL. An object is there whole or not at all.

    A bucket cannot say in one step that an object is old and remove it. So who removes one says so in Redis before it
    looks how old it is; who has put one looks there afterwards, and puts it once more if it was removed meanwhile.
    """

    def __init__(self, url: str, client: redis.Redis, *, encryption: str = "") -> None:
        """`encryption`: how an S3 keeps it: AES256, aws:kms or aws:kms:KEY; empty: as the bucket is set up."""
        super().__init__(url)
        self._redis = client
        self._options = _written_with(url.partition("://")[0], encryption)

    def _ask(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        return reached(lambda: call(*args, **options))

    def _write(self, path: str, data: bytes) -> None:
        try:
            if hasattr(type(self._fs), "_pipe_file"):
                # An object of a store. By no other call of s3fs: making its folder first would make a bucket.
                self._ask(self._fs.pipe_file, path, data, **self._options)
            else:
                self._ask(self._write_file, path, data)
        except FileNotFoundError:
            raise Unavailable(
                "the blob store cannot be written: there is no such bucket; the operator makes it"
            ) from None

    def _write_file(self, path: str, data: bytes) -> None:
        self._fs.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120 - a path in any file system
        # autocommit=False: written aside, then put into its place in one step.
        with self._fs.open(path, "wb", autocommit=False) as file:
            file.write(data)
        file.commit()

    def _put(self, digest: str, data: bytes) -> None:
        # That is how an object that is there already becomes young, too.
        self._write(self._path(digest), data)
        if self._was_removed(digest):
            self._write(self._path(digest), data)

    def _was_removed(self, digest: str) -> bool:
        """Whether somebody was removing it, and is no longer."""
        key, until = REMOVAL_KEY.format(digest=digest), time.monotonic() + _WAITED
        while (said := self._redis.get(key)) == _REMOVING and time.monotonic() < until:
            time.sleep(_LOOK_SECONDS)
        return said is not None

    def discard(self, digest: str, *, before: float) -> bool:
        key, start = REMOVAL_KEY.format(digest=digest), time.monotonic()
        if not self._redis.set(key, _REMOVING, nx=True, ex=_SAID_SECONDS):
            # Another one does so, or has just done so.
            return False
        path = self._path(digest)
        old = self._is_older(path, before) and time.monotonic() - start < _REMOVED_WITHIN
        # Where this raises, the store may remove it yet: then it is not said that this is over.
        removed = old and self._remove(path)
        self._redis.set(key, _REMOVED, ex=_SAID_SECONDS)
        return removed


def _written_with(protocol: str, encryption: str) -> dict[str, Any]:
    """What is said with each object that is written."""
    if protocol not in OPTIONS:
        return {}
    how, _, key = encryption.partition(f"{KMS}:")
    said = {"ServerSideEncryption": how or KMS, "SSEKMSKeyId": key} if encryption else {}
    return {"chunksize": PART_BYTES, **{name: value for name, value in said.items() if value}}
