"""What is to be delivered, as who delivers reads and writes it. Every write says under which fence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

from redis.asyncio import Redis

from tasks.config.settings import Settings
from tasks.ledger.groups import pack
from tasks.redis_keys import (
    COUNTS_KEY,
    DELIVERER_FENCE_KEY,
    DELIVERER_KEY,
    DELIVERIES_KEY,
    DUE_KEY,
    GROUP_KEY,
    HISTORY_KEY,
    KEYS_OF_WEBHOOK,
    MADE_KEY,
    TOLD_KEY,
    WEBHOOKS_KEY,
)
from tasks.storage.scripts import script
from tasks.webhooks.counters import DROPPED
from tasks.webhooks.messages import GROUP_FIELDS
from tasks.webhooks.records import Delivery, Webhook, encode, read_delivery, read_webhook

#: How long who delivers may be silent before another may (milliseconds).
LEASE_MILLISECONDS: Final = 10_000
#: How many things that happened are read together.
TOGETHER: Final = 100
#: Of the deliveries of a webhook that are over so many are kept, and no longer than this (seconds).
KEPT: Final = 500
KEPT_SECONDS: Final = 7 * 24 * 3600
#: What a key of a model's history begins with.
HISTORY: Final = HISTORY_KEY.format(model="").encode()


class Told(NamedTuple):
    """Something that was told: its id in the stream, what it is, and of what."""

    id: bytes
    what: bytes
    value: bytes


class Outbox:
    """The messages of one Redis."""

    def __init__(self, client: Redis, settings: Settings, *, holder: str) -> None:
        self._redis = client
        self._holder = holder
        self._backlog = settings.webhook_backlog
        self._lead = _register(client, "tasks/webhooks/lua/lead.lua")
        self._fan_out = _register(client, "tasks/webhooks/lua/fan_out.lua")
        self._settle = _register(client, "tasks/webhooks/lua/settle.lua")
        #: That of this process while it delivers.
        self.fence = 0

    async def lead(self) -> bool:
        """Whether this process delivers, from now on or still."""
        keys = [DELIVERER_KEY, DELIVERER_FENCE_KEY]
        self.fence = int(await self._lead(keys=keys, args=[self._holder, LEASE_MILLISECONDS]))
        return self.fence > 0

    async def leave(self) -> None:
        """Let another deliver at once."""
        if self.fence and await self._redis.get(DELIVERER_KEY) == self._holder.encode():
            await self._redis.delete(DELIVERER_KEY)

    async def now(self) -> float:
        """The time of Redis (seconds since the epoch)."""
        seconds, microseconds = await self._redis.time()
        return float(seconds) + float(microseconds) / 1e6

    async def webhooks(self) -> dict[str, Webhook]:
        """All webhooks, by id."""
        found: Any = await self._redis.hgetall(WEBHOOKS_KEY)
        return {webhook.id: webhook for webhook in map(read_webhook, found.values())}

    async def told(self, *, within_seconds: float) -> list[Told]:
        """What was told and not taken out, the oldest first; waits for something if there is nothing."""
        milliseconds = max(1, int(within_seconds * 1000))
        found: Any = await self._redis.xread({TOLD_KEY: "0"}, count=TOGETHER, block=milliseconds)
        entries = found[0][1] if found else []
        return [Told(name, *next(iter(fields.items()))) for name, fields in entries]

    async def group(self, group: str) -> tuple[dict[str, Any], bytes | None] | None:
        """The record of a group, and its outcomes where some have not succeeded; None if it is gone."""
        key = GROUP_KEY.format(group=group)
        values: Any = await self._redis.hmget(key, list(GROUP_FIELDS))
        record = dict(zip(GROUP_FIELDS, values, strict=True))
        if not (record["heads"] and record["states"]):
            return None
        if not record["states"].strip(b"s"):
            return record, None
        outcomes: Any = await self._redis.hget(key, "outcomes")
        return record, outcomes

    async def fan_out(self, told: Sequence[bytes], made: Sequence[tuple[Webhook, Delivery]]) -> bool:
        """Take what was told out, and keep what is to be delivered of it. False if another delivers."""
        keys = [DELIVERER_FENCE_KEY, WEBHOOKS_KEY, TOLD_KEY, COUNTS_KEY]
        beginnings = [key.format(webhook="") for key in (DELIVERIES_KEY, DUE_KEY, MADE_KEY)]
        # As texts: the msgpack of Lua knows no bytes.
        flat = [part for webhook, one in made for part in (webhook.id, one.id, encode(one).decode())]
        entries = [name.decode() for name in told]
        args = [self.fence, self._backlog, *beginnings, DROPPED, pack(entries), pack(flat)]
        return bool(await self._fan_out(keys=keys, args=args))

    async def due(self, webhook: str, *, limit: int) -> tuple[list[Delivery], float | None]:
        """(what is to be tried now, the oldest first; in how many seconds the next is, None if there is none)."""
        key, now = DUE_KEY.format(webhook=webhook), await self.now()
        first: Any = await self._redis.zrange(key, 0, limit - 1, withscores=True)
        names = [name for name, score in first if score <= now]
        wait = first[0][1] - now if first else None
        if not names:
            return [], wait
        records: Any = await self._redis.hmget(DELIVERIES_KEY.format(webhook=webhook), names)
        return [read_delivery(record) for record in records if record is not None], wait

    async def settle(self, webhook: str, delivery: Delivery, *, again: float | None, counter: str) -> bool:
        """Note what came of an attempt; it is tried `again` in so many seconds, or never. False if another delivers,
        or the webhook is gone."""
        keys = [DELIVERER_FENCE_KEY, WEBHOOKS_KEY, COUNTS_KEY]
        keys += [key.format(webhook=webhook) for key in KEYS_OF_WEBHOOK]
        wait = "" if again is None else f"{again:.3f}"
        args = [self.fence, webhook, delivery.id, encode(delivery), wait, counter, KEPT, KEPT_SECONDS]
        return bool(await self._settle(keys=keys, args=args))


def _register(client: Redis, path: str) -> Callable[..., Any]:
    return client.register_script(script(path))
