"""Waiting for the outcome of work that was submitted to one Redis."""

from __future__ import annotations

import os
import time
from typing import Final

import redis

from tasks.ledger.groups import parse_handle
from tasks.ledger.history import History
from tasks.ledger.outcomes import Outcome
from tasks.ledger.store import Ledger
from tasks.redis_keys import REPLY_CHANNEL
from tasks.storage.connection import answering

#: Longest time between two looks at the ledger while waiting (seconds).
LOOK_SECONDS: Final = 1.0


class Follower:
    """Follows the work of one ledger for this process."""

    def __init__(self, client: redis.Redis, ledger: Ledger) -> None:
        self._redis = client
        self._process = f"client-{os.getpid()}-{os.urandom(6).hex()}"
        self.ledger = ledger
        self.history = History(client)

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds. Raises UnknownTask for what is no handle."""
        until = time.monotonic() + seconds
        group, _ = parse_handle(handle)
        with answering(), self._redis.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(REPLY_CHANNEL.format(process=self._process))
            self.history.watch(group, self._process)
            while True:
                outcome = self.history.outcome(handle)
                left = until - time.monotonic()
                if outcome is not None or left <= 0:
                    return outcome
                pubsub.get_message(ignore_subscribe_messages=True, timeout=min(left, LOOK_SECONDS))
