"""Tables that were sent to be looked at, kept for a while so that an init needs no second sending."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import redis

from tasks.errors import NotFound
from tasks.ledger.groups import Head
from tasks.redis_keys import OWNED_UPLOADS_KEY, UPLOAD_KEY, UPLOADS_KEY
from tasks.storage.blobs import Blobs

#: How long a table is kept (seconds).
LIFE_SECONDS: Final = 3600
#: Most tables that are kept for one owner; of more the oldest goes.
MOST_KEPT: Final = 4
#: Query parameters that say how the body is to be read, and so stay with it.
_SENT_WITH: Final = frozenset({"sheet", "estimator", "options", "target"})
#: What of a head is the request's, not the body's.
_ASKED: Final = ("owner", "model", "accept", "deadline", "request_id", "trace", "asked_at", "account")


class Upload(msgspec.Struct, frozen=True):
    """What is known of a table that is kept: how it was sent, and the blob of its bytes as they came."""

    head: Head
    digest: str


class Uploads:
    """The tables that are kept in one Redis and its blob store."""

    def __init__(self, client: redis.Redis, blobs: Blobs, *, clock: Callable[[], float] = time.time) -> None:
        """`clock`: seconds since the epoch."""
        self._redis = client
        self._blobs = blobs
        self._clock = clock

    def keep(self, head: Head, body: bytes) -> str:
        """Keep a body for its owner. Returns the id under which it is found."""
        upload, now = os.urandom(16).hex(), self._clock()
        kept = Upload(head, self._blobs.put(body))
        mine = OWNED_UPLOADS_KEY.format(owner=head.owner)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(UPLOAD_KEY.format(upload=upload), msgspec.json.encode(kept), ex=LIFE_SECONDS)
            for key in (mine, UPLOADS_KEY):
                pipe.zremrangebyscore(key, 0, now - LIFE_SECONDS)
                pipe.zadd(key, {upload: now})
                pipe.expire(key, LIFE_SECONDS)
            pipe.zrange(mine, 0, -MOST_KEPT - 1)
            pipe.zremrangebyrank(mine, 0, -MOST_KEPT - 1)
            *_, oldest, _ = pipe.execute()
        if oldest:
            self._redis.delete(*(UPLOAD_KEY.format(upload=name.decode()) for name in oldest))
        return upload

    def sent(self, upload: str, *, asked: Head) -> tuple[Head, bytes]:
        """The head of the request `asked` and the body that it means, as if both had been sent together.

        Raises NotFound for one that is no longer kept and for another owner's, Unavailable if its bytes are missing.
        """
        record: Any = self._redis.get(UPLOAD_KEY.format(upload=upload)) if upload.isalnum() else None
        kept = msgspec.json.decode(record, type=Upload) if record is not None else None
        if kept is None or (kept.head.owner, kept.head.account) != (asked.owner, asked.account):
            raise NotFound(f"there is no upload {upload[:80]!r}, or its hour is over: send the table again").at(
                "?upload"
            )
        query = {name: value for name, value in kept.head.query.items() if name in _SENT_WITH} | asked.query
        of_request = {name: getattr(asked, name) for name in _ASKED}
        head = msgspec.structs.replace(kept.head, query=query, **of_request)
        return head, self._blobs.get(kept.digest)

    def digests(self) -> set[str]:
        """The blobs of all that is kept."""
        names: list[Any] = self._redis.zrange(UPLOADS_KEY, 0, -1)
        keys = [UPLOAD_KEY.format(upload=name.decode()) for name in names]
        records: list[Any] = self._redis.mget(keys) if keys else []
        return {msgspec.json.decode(record, type=Upload).digest for record in records if record is not None}
