"""What became of the messages of a webhook, and sending one again."""

from __future__ import annotations

import os
from typing import Any, Final

import msgspec
import redis

from tasks.errors import Conflict, InvalidField, NotFound
from tasks.redis_keys import DELIVERIES_KEY, DUE_KEY, KEYS_OF_WEBHOOK, MADE_KEY, TOLD_KEY, WEBHOOKS_KEY
from tasks.storage.redis_clock import redis_time
from tasks.storage.scripts import register
from tasks.webhooks.happenings import PING
from tasks.webhooks.messages import message_id, payload
from tasks.webhooks.records import Delivery, Progress, encode, read_delivery
from tasks.webhooks.store import TRIES, unknown

#: How many deliveries are read together.
_PAGE: Final = 200
#: Bytes of the random number that makes each ping another.
_NONCE: Final = 8


class Journal:
    """The deliveries in one Redis. Every method blocks."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._put = register(client, "tasks/webhooks/lua/put_delivery.lua")

    def page(
        self, webhook: str, *, limit: int, after: str | None = None, progress: Progress | None = None
    ) -> tuple[list[Delivery], str | None]:
        """A page of a webhook's deliveries, the newest first, and after which message the list goes on, None at its
        end. Raises InvalidField for an `after` that is not among them."""
        start = 0
        if after is not None:
            rank: Any = self._redis.zrevrank(MADE_KEY.format(webhook=webhook), after)
            if rank is None:
                raise InvalidField("after must be the id of a delivery that the list gave not long ago").at("?after")
            start = int(rank) + 1
        found: list[Delivery] = []
        while True:
            names: Any = self._redis.zrevrange(MADE_KEY.format(webhook=webhook), start, start + _PAGE - 1)
            if not names:
                return found, None
            for record in self._records(webhook, names):
                if progress in (None, record.progress):
                    if len(found) == limit:
                        return found, found[-1].id
                    found.append(record)
            start += len(names)

    def get(self, webhook: str, message: str) -> Delivery:
        """One delivery. Raises NotFound."""
        record: Any = self._redis.hget(DELIVERIES_KEY.format(webhook=webhook), message)
        if record is None:
            raise NotFound(f"there is no delivery {message[:80]!r}, or it is no longer kept")
        return read_delivery(record)

    def waiting(self, webhook: str) -> int:
        """How many messages wait to be delivered, or tried again."""
        return int(self._redis.zcard(DUE_KEY.format(webhook=webhook)))

    def replay(self, webhook: str, message: str) -> Delivery:
        """Have a message delivered once more, as the same message, by the whole schedule. Raises NotFound, Conflict."""
        for _ in range(TRIES):
            old = self.get(webhook, message)
            again = msgspec.structs.replace(old, tries=0, progress=Progress.PENDING)
            if self._write(webhook, again, old=encode(old)):
                return again
        raise Conflict("the message is being delivered: try again")

    def ping(self, webhook: str) -> Delivery:
        """Have a message sent that says nothing, to see that the receiver gets it. Raises NotFound."""
        at = redis_time(self._redis)
        name = message_id(PING, os.urandom(_NONCE).hex())
        made = Delivery(id=name, type=PING, payload=payload(PING, at, {"webhook": webhook}), created_at=at)
        self._write(webhook, made, old=b"")
        return made

    def _write(self, webhook: str, delivery: Delivery, *, old: bytes) -> bool:
        keys = [WEBHOOKS_KEY, TOLD_KEY, *(key.format(webhook=webhook) for key in KEYS_OF_WEBHOOK)]
        done = int(self._put(keys=keys, args=[webhook, delivery.id, old, encode(delivery)]))
        if done < 0:
            raise unknown(webhook)
        return bool(done)

    def _records(self, webhook: str, names: list[bytes]) -> list[Delivery]:
        records: Any = self._redis.hmget(DELIVERIES_KEY.format(webhook=webhook), names)
        return [read_delivery(record) for record in records if record is not None]
