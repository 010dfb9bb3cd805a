"""The webhooks of one Redis: adding, changing and removing them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.errors import Conflict, NotFound
from tasks.ledger.groups import pack
from tasks.redis_keys import KEYS_OF_WEBHOOK, OWNED_WEBHOOKS_KEY, TOLD_KEY, WEBHOOKS_KEY
from tasks.storage.redis_clock import redis_time
from tasks.storage.scripts import register
from tasks.webhooks.happenings import ALL_HEARD, heard_keys
from tasks.webhooks.records import WEBHOOK_ID, Webhook, encode, read_webhook
from tasks.webhooks.signing import Secret

#: Most webhooks of all accounts together: each may have a connection open.
MOST: Final = 1000
#: How often a change is tried while somebody else changes the same.
TRIES: Final = 5
#: How long a secret that was replaced goes on signing beside the new one (seconds).
OVERLAP_SECONDS: Final = 24 * 3600.0


class Webhooks:
    """All webhooks. Every method blocks."""

    def __init__(self, client: redis.Redis, settings: Settings) -> None:
        self._redis = client
        self._most = settings.webhooks_per_account
        self._put = register(client, "tasks/webhooks/lua/put_webhook.lua")

    def now(self) -> float:
        """The time of Redis (seconds since the epoch)."""
        return redis_time(self._redis)

    def all(self) -> list[Webhook]:
        """Those of all accounts, the oldest first."""
        found: Any = self._redis.hgetall(WEBHOOKS_KEY)
        return sorted(map(read_webhook, found.values()), key=lambda webhook: (webhook.created_at, webhook.id))

    def get(self, webhook: str) -> Webhook:
        """The one of this id. Raises NotFound."""
        record: Any = self._redis.hget(WEBHOOKS_KEY, webhook) if WEBHOOK_ID.fullmatch(webhook) else None
        if record is None:
            raise unknown(webhook)
        return read_webhook(record)

    def add(self, webhook: Webhook) -> None:
        """Add one. Raises Conflict if there are as many as there may be."""
        done = self._write(webhook, old=b"", new=encode(webhook))
        if done == -1:
            raise Conflict(f"the account has {self._most} webhooks, and may have no more: remove one first")
        if done == -2:
            raise Conflict(f"there are {MOST} webhooks, and the service has no more: remove one first")

    def change(self, webhook: str, make: Callable[[Webhook], Webhook]) -> Webhook:
        """Change one. Returns what it is then. Raises NotFound, what `make` raises, and Conflict if others change it
        all the time."""
        for _ in range(TRIES):
            record = self._record(webhook)
            changed = make(read_webhook(record))
            if self._write(changed, old=record, new=encode(changed)) == 1:
                return changed
        raise Conflict("somebody else changes the same webhook: try again")

    def remove(self, webhook: str) -> None:
        """Remove one, with all its deliveries. Raises NotFound, Conflict."""
        for _ in range(TRIES):
            record = self._record(webhook)
            if self._write(read_webhook(record), old=record, new=b"") == 1:
                return
        raise Conflict("somebody else changes the same webhook: try again")

    def rotate(self, webhook: str, secret: str, *, at_once: bool) -> Webhook:
        """Sign with another secret. The one before signs beside it for OVERLAP_SECONDS, unless it ends `at_once`.
        Raises NotFound, Conflict."""
        now = self.now()

        def make(old: Webhook) -> Webhook:
            last = Secret(old.secrets[0].value, now + OVERLAP_SECONDS)
            return msgspec.structs.replace(old, secrets=(Secret(secret), *(() if at_once else (last,))))

        return self.change(webhook, make)

    def _record(self, webhook: str) -> bytes:
        record: Any = self._redis.hget(WEBHOOKS_KEY, webhook)
        if record is None:
            raise unknown(webhook)
        return bytes(record)

    def _write(self, webhook: Webhook, *, old: bytes, new: bytes) -> int:
        keys = [WEBHOOKS_KEY, OWNED_WEBHOOKS_KEY.format(owner=webhook.owner), TOLD_KEY]
        keys += [key.format(webhook=webhook.id) for key in KEYS_OF_WEBHOOK]
        heard = heard_keys(webhook.events, webhook.kinds) if new and webhook.enabled else []
        args: list[Any] = [webhook.id, old, new, self._most, MOST, pack(ALL_HEARD), pack(heard)]
        return int(self._put(keys=keys, args=args))


def unknown(webhook: str) -> NotFound:
    """Why there is no such webhook, for who may not see it as well."""
    return NotFound(f"there is no webhook {webhook[:40]!r}")
