"""Wake the request whose work is done: outcomes come over one subscription a process."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

import redis

from tasks.contract import ACCOUNTS_CHANNEL, REPLY_CHANNEL
from tasks.ledger import Reply, read_reply

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Expected:
    """A group's reply that is to come, or has come, and how many requests wait for it."""

    group: str
    reply: asyncio.Future[Reply]
    waiters: int = 0

    async def wait(self, *, seconds: float) -> Reply | None:
        """The reply; None if it does not come in time."""
        self.waiters += 1
        try:
            await asyncio.wait((self.reply,), timeout=seconds)
        finally:
            self.waiters -= 1
        return self.reply.result() if self.reply.done() else None


class Waiting:
    """The groups whose replies this process expects. All methods but `stop` belong to the event loop."""

    def __init__(self, process: str, *, client: redis.Redis, forget_account: Callable[[str], None]) -> None:
        self.process = process
        self._client = client
        self._forget_account = forget_account
        self._expected: dict[str, Expected] = {}
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="replies", daemon=True)

    def start(self) -> None:
        """Subscribe. Returns at once; a reply that comes before the subscription is found by reading the ledger."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    def stop(self) -> None:
        """End the subscription."""
        self._stopped.set()
        self._thread.join(timeout=2)

    def expect(self, group: str) -> Expected:
        """Have the group's reply delivered to what is returned, until it came or is dropped."""
        expected = self._expected.get(group)
        if expected is None:
            expected = self._expected[group] = Expected(group, self._loop.create_future())
        return expected

    def drop(self, expected: Expected) -> None:
        """Expect this reply no longer, unless a request waits for it."""
        if not expected.waiters:
            self._expected.pop(expected.group, None)

    def _deliver(self, reply: Reply) -> None:
        expected = self._expected.pop(reply.group, None)
        if expected is not None:
            expected.reply.set_result(reply)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                self._listen_once()
            except redis.exceptions.RedisError as error:
                log.warning("the subscription for replies broke, trying again: %s", error)
                self._stopped.wait(0.2)
            except RuntimeError:
                # The event loop is closed: the process is going.
                return

    def _listen_once(self) -> None:
        replies = REPLY_CHANNEL.format(process=self.process).encode()
        with self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(replies, ACCOUNTS_CHANNEL)
            while not self._stopped.is_set():
                message = pubsub.get_message(timeout=1.0)
                if message is None or message["type"] != "message":
                    continue
                if message["channel"] == replies:
                    self._loop.call_soon_threadsafe(self._deliver, read_reply(message["data"]))
                else:
                    self._loop.call_soon_threadsafe(self._forget_account, message["data"].decode())
