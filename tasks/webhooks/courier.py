"""Delivers the messages of one webhook. Each has its own courier, so that a receiver that hangs keeps only its own
messages waiting."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec

from tasks.webhooks.counters import DELIVERED, GIVEN_UP, REFUSED
from tasks.webhooks.outbox import Outbox
from tasks.webhooks.records import ATTEMPTS_KEPT, Attempt, Delivery, Progress, Webhook
from tasks.webhooks.sending import Answer, Sender
from tasks.webhooks.signing import headers

log = logging.getLogger(__name__)

#: After each attempt that failed, how long it is until the next (seconds): the schedule of Standard Webhooks 1.0, some
#: three days in all. The first attempt is made at once.
DELAYS: Final = tuple(map(float, (5, 5 * 60, 30 * 60, 2 * 3600, 5 * 3600, 10 * 3600, 14 * 3600, 20 * 3600, 24 * 3600)))
#: Each wait is longer by up to this part of it, so that what failed together does not come again together.
JITTER: Final = 0.1
#: How many messages are under way to a receiver that takes them; to one that did not take the last, one.
ABREAST: Final = 8
#: How long a courier sleeps at most (seconds); it is woken when there is something new.
SLEEP_SECONDS: Final = 60.0
#: What says that the receiver wants no more.
GONE: Final = 410

#: Ends a webhook, for this reason.
End = Callable[[str, str], Awaitable[None]]


class Courier:
    """The courier of one webhook. `end` is called when it has ended; `over` says why nothing may be sent to it now,
    and nothing if it may."""

    def __init__(
        self,
        webhook: Webhook,
        outbox: Outbox,
        sender: Sender,
        *,
        over: Callable[[Webhook], Awaitable[str]],
        end: End,
        delays: tuple[float, ...] = DELAYS,
    ) -> None:
        self.webhook = webhook
        self._outbox = outbox
        self._sender = sender
        self._over = over
        self._end = end
        self._delays = delays
        self._abreast = 1
        #: How many messages are being sent.
        self.under_way = 0
        self._bell = asyncio.Event()
        #: Whether it is to end. To be cancelled is not enough: a client of Redis that is interrupted may go on.
        self.stopped = False

    def ring(self) -> None:
        """There is something new."""
        self._bell.set()

    def stop(self) -> None:
        """End."""
        self.stopped = True
        self.ring()

    async def run(self) -> None:
        """Deliver until cancelled or stopped, or the webhook has ended."""
        while not self.stopped:
            self._bell.clear()
            due, wait = await self._outbox.due(self.webhook.id, limit=self._abreast)
            if not due:
                await self._sleep(SLEEP_SECONDS if wait is None else min(max(wait, 0.05), SLEEP_SECONDS))
                continue
            if why := await self._over(self.webhook):
                await self._end(self.webhook.id, why)
                return
            answers = await asyncio.gather(*map(self._deliver, due))
            if any(answer.status == GONE for answer in answers):
                await self._end(self.webhook.id, "the receiver answered 410 Gone: it wants no more messages")
                return
            self._abreast = ABREAST if all(answer.delivered for answer in answers) else 1
            if pause := max(answer.pause for answer in answers):
                await asyncio.sleep(min(pause, SLEEP_SECONDS))

    async def _sleep(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._bell.wait()
        except TimeoutError:
            pass

    async def _deliver(self, delivery: Delivery) -> Answer:
        webhook, payload = self.webhook, delivery.payload.encode()
        loop = asyncio.get_running_loop()
        at, began = await self._outbox.now(), loop.time()
        signed = headers(delivery.id, at=at, payload=payload, secrets=webhook.secrets)
        self.under_way += 1
        try:
            answer = await self._sender.send(webhook.url, headers=signed, payload=payload)
        finally:
            self.under_way -= 1
        seconds = round(loop.time() - began, 3)
        error = "" if answer.delivered else answer.error
        attempt = Attempt(at=at, seconds=seconds, status=answer.status, error=error)
        again = None if answer.delivered else self._again(delivery.tries, answer)
        tried = msgspec.structs.replace(
            delivery,
            tries=delivery.tries + 1,
            attempts=(*delivery.attempts[1 - ATTEMPTS_KEPT :], attempt),
            progress=_progress(answer, again),
        )
        counter = DELIVERED if answer.delivered else GIVEN_UP if again is None else REFUSED
        await self._outbox.settle(webhook.id, tried, again=again, counter=counter)
        told = {"webhook": webhook.id, "message_id": delivery.id, "status": answer.status, "seconds": seconds}
        log.log(logging.INFO if answer.delivered else logging.WARNING, "%s", error or "delivered", extra=told)
        return answer

    def _again(self, tries: int, answer: Answer) -> float | None:
        """In how many seconds it is tried again, after so many tries before the one that failed; None: never."""
        if tries >= len(self._delays):
            return None
        delay = self._delays[tries]
        return max(delay * (1 + JITTER * random.random()), answer.pause)


def _progress(answer: Answer, again: float | None) -> Progress:
    if answer.delivered:
        return Progress.DELIVERED
    return Progress.FAILED if again is None else Progress.PENDING
