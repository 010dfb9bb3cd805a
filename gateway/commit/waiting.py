"""Wake the request whose work is done: outcomes come over one subscription a process."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import redis

from gateway.wiring.async_redis import AsyncRedis
from gateway.wiring.protocol import OnMessage
from tasks.ledger.outcomes import Reply, read_reply
from tasks.redis_keys import ACCOUNTS_CHANNEL, EVERYTHING_CHANGED, REPLY_CHANNEL

log = logging.getLogger(__name__)

#: How often a quiet subscription is asked whether it is still there, and how soon a broken one is made again (seconds).
PING_SECONDS: Final = 10.0
RETRY_SECONDS: Final = 0.2
#: How long those who listen wait for a reply (seconds): then the ledger is looked into.
PATIENCE_SECONDS: Final = 5.0
#: That may be late by so much (seconds).
GRAIN_SECONDS: Final = 0.05


@dataclass(slots=True)
class Expected:
    """A group's reply that is to come, or has come, and how many requests wait for it."""

    group: str
    reply: asyncio.Future[Reply]
    waiters: int = 0
    #: Called once, when the reply is there or no longer counts on coming.
    over: Callable[[], None] | None = None
    #: Who is told at once, beside who awaits it.
    listeners: list[Callable[[Reply | None], None]] = field(default_factory=list)

    def listen(self, listener: Callable[[Reply | None], None]) -> bool:
        """Have the listener called with the reply as soon as it is there; with None if that is not soon.

        False if it has been called already: an idle worker may be done before it is heard that the work is accepted.
        """
        if self.reply.done():
            listener(None if self.reply.cancelled() else self.reply.result())
            return False
        self.waiters += 1
        self.listeners.append(listener)
        return True

    def leave(self, listener: Callable[[Reply | None], None]) -> None:
        """Have the listener not called any more."""
        if listener in self.listeners:
            self.listeners.remove(listener)
            self.waiters -= 1

    def tell(self, reply: Reply | None) -> None:
        """The reply is there, or will not be waited for."""
        if self.reply.done():
            return
        self.end()
        if reply is None:
            self.reply.cancel()
        else:
            self.reply.set_result(reply)
        self.dismiss(reply)

    def dismiss(self, reply: Reply | None = None) -> None:
        """Call those who listen, for the last time."""
        listeners, self.listeners = self.listeners, []
        self.waiters -= len(listeners)
        for listener in listeners:
            listener(reply)

    def end(self) -> None:
        """Whoever sent the group need not reckon with it any longer."""
        over, self.over = self.over, None
        if over is not None:
            over()

    async def wait(self, *, seconds: float) -> Reply | None:
        """The reply; None if it does not come in time."""
        self.waiters += 1
        try:
            await asyncio.wait((self.reply,), timeout=seconds)
        finally:
            self.waiters -= 1
        return self.reply.result() if self.reply.done() and not self.reply.cancelled() else None


class Waiting:
    """The groups whose replies this process expects."""

    def __init__(
        self,
        process: str,
        *,
        wire: Callable[[OnMessage], AsyncRedis],
        forget_account: Callable[[str], None],
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        self.process = process
        self._replies = REPLY_CHANNEL.format(process=process).encode()
        self._wire = wire(self._hear)
        self._forget_account = forget_account
        self._expected: dict[str, Expected] = {}
        self._patience = patience_seconds
        #: Groups that were accepted: when each is looked at, and whether it was before. The first is the next.
        self._looks: deque[tuple[float, str, bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        #: The process ends: no request waits long any more.
        self.leaving = False

    def start(self) -> None:
        """Subscribe. Returns at once; a reply that comes before the subscription is found by reading the ledger."""
        self._listening = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        """End the subscription."""
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._wire.close()

    def expect(self, group: str) -> Expected:
        """Have the group's reply delivered to what is returned, until it came or is dropped."""
        expected = self._expected.get(group)
        if expected is None:
            expected = self._expected[group] = Expected(group, asyncio.get_running_loop().create_future())
        return expected

    def limit(self, expected: Expected) -> None:
        """Have those who listen called if the reply has not come after the patience; and after twice that reckon with
        it no longer: it may have been lost with a broken subscription."""
        if not expected.reply.done():
            self._look_later(expected.group, again=False)

    def _look_later(self, group: str, *, again: bool) -> None:
        loop = asyncio.get_running_loop()
        self._looks.append((loop.time() + self._patience, group, again))
        if self._timer is None:
            self._timer = loop.call_later(self._patience, self._look)

    def _look(self) -> None:
        """One timer for all groups: nearly all come before they are looked at."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        while self._looks and self._looks[0][0] <= now:
            _, group, again = self._looks.popleft()
            expected = self._expected.get(group)
            if expected is None:
                continue
            if again:
                expected.end()
                self.drop(expected)
            else:
                expected.dismiss()
                self._look_later(group, again=True)
        self._timer = loop.call_at(max(self._looks[0][0], now + GRAIN_SECONDS), self._look) if self._looks else None

    def drop(self, expected: Expected) -> None:
        """Expect this reply no longer, unless a request waits for it, or whoever sent the group reckons with it."""
        if not expected.waiters and expected.over is None and self._expected.get(expected.group) is expected:
            del self._expected[expected.group]

    @contextmanager
    def held(self, expected: Expected) -> Iterator[Expected]:
        """A request waits for this reply inside, now and then or all the time; the last one drops it."""
        expected.waiters += 1
        try:
            yield expected
        finally:
            expected.waiters -= 1
            self.drop(expected)

    def let_go(self) -> None:
        """Wake all who wait; they are answered with what is known then."""
        self.leaving = True
        for expected in list(self._expected.values()):
            expected.tell(None)

    def _deliver(self, reply: Reply) -> None:
        expected = self._expected.pop(reply.group, None)
        if expected is not None:
            expected.tell(reply)

    def _hear(self, channel: bytes, data: bytes) -> None:
        if channel == self._replies:
            self._deliver(read_reply(data))
        else:
            self._forget_account(data.decode())

    async def _listen(self) -> None:
        while True:
            try:
                await self._wire.call("SUBSCRIBE", self._replies)
                await self._wire.call("SUBSCRIBE", ACCOUNTS_CHANNEL)
                # What changed while nobody listened was not heard.
                self._forget_account(EVERYTHING_CHANGED)
                while not await self._wire.closed(within_seconds=PING_SECONDS):
                    await self._wire.call("PING")
            except redis.exceptions.RedisError as error:
                log.warning("the subscription for replies broke, trying again: %s", error)
            await asyncio.sleep(RETRY_SECONDS)
