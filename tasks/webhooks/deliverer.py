"""Delivers all webhooks: one process does at a time, and any other goes on where it was killed.

What happened is read from a stream, and taken out only together with the deliveries that are made of it; a delivery
stays until it is over. So nothing is lost with this process, and what it had sent and not noted is sent again, as the
same message.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Protocol

import msgspec
import redis.exceptions

from tasks.ledger.telling import ASKED
from tasks.webhooks.courier import DELAYS, Courier
from tasks.webhooks.happenings import OF_TASKS, Event
from tasks.webhooks.messages import Happening, of_fact, of_group
from tasks.webhooks.outbox import HISTORY, Outbox, Told
from tasks.webhooks.records import Delivery, Webhook
from tasks.webhooks.sending import Sender
from tasks.webhooks.store import Webhooks

log = logging.getLogger(__name__)

#: How often who delivers says that it does, and whoever waits asks whether it still does (seconds).
LEAD_SECONDS: Final = 3.0
#: The pause after Redis did not answer (seconds).
PAUSE_SECONDS: Final = 1.0


class Standing(Protocol):
    """What the accounts of webhooks may see now."""

    async def over(self, webhook: Webhook) -> str:
        """Why the webhook may hear nothing any more; nothing if it may."""
        ...

    async def may(self, webhook: Webhook, event: Event, model: str) -> bool:
        """Whether its account may see this of this model."""
        ...


class Deliverer:
    """Delivers, while no other process does. `webhooks` is called in a thread; `root`: what the service's paths begin
    with."""

    def __init__(
        self,
        outbox: Outbox,
        sender: Sender,
        webhooks: Webhooks,
        *,
        standing: Standing,
        root: str = "",
        delays: tuple[float, ...] = DELAYS,
    ) -> None:
        self._outbox = outbox
        self._sender = sender
        self._store = webhooks
        self._standing = standing
        self._root = root
        self._delays = delays
        self._couriers: dict[str, tuple[Courier, asyncio.Task[None]]] = {}
        self._known: dict[str, Webhook] = {}
        self._stopped = False

    @property
    def idle(self) -> bool:
        """Whether there is no webhook to deliver to, as far as it knows."""
        return not self._couriers

    @property
    def under_way(self) -> int:
        """How many messages are being sent."""
        return sum(courier.under_way for courier, _ in self._couriers.values())

    def stop(self) -> None:
        """End soon; at once with a cancellation."""
        self._stopped = True

    async def run(self, *, ends: Callable[[], bool] = lambda: False) -> None:
        """Deliver until cancelled or stopped, or until there is no webhook and it `ends` for that."""
        while not self._stopped:
            try:
                if not await self._outbox.lead():
                    await asyncio.sleep(LEAD_SECONDS)
                    continue
                async with self._delivering():
                    if await self._deliver(ends):
                        return
            except redis.exceptions.RedisError as error:
                log.warning("webhooks have to wait: %s", error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def _deliver(self, ends: Callable[[], bool]) -> bool:
        """Deliver while this process is the one that does. True if it is to end."""
        await self._reload()
        loop = asyncio.get_running_loop()
        led_at = loop.time()
        while not self._stopped:
            if self.idle and ends():
                # Who made the first one just now has rung before this look, or will have it begun anew.
                await self._reload()
                if self.idle:
                    return True
            told = await self._outbox.told(within_seconds=LEAD_SECONDS)
            if told and not await self._take(told):
                return False
            if loop.time() - led_at >= LEAD_SECONDS:
                if not await self._outbox.lead():
                    return False
                led_at = loop.time()
        return True

    async def _take(self, told: list[Told]) -> bool:
        """Make deliveries of what was told. False if another delivers."""
        if any(one.what == b"changed" for one in told):
            await self._reload()
        at = await self._outbox.now()
        made = [delivery for one in told async for delivery in self._deliveries(one, at)]
        if not await self._outbox.fan_out([one.id for one in told], made):
            return False
        for webhook in {webhook.id for webhook, _ in made} | {one.value.decode() for one in told if one.what == b"due"}:
            if webhook in self._couriers:
                self._couriers[webhook][0].ring()
        return True

    async def _deliveries(self, told: Told, at: float) -> AsyncIterator[tuple[Webhook, Delivery]]:
        for happening in await self._happenings(told):
            kept = Delivery(id=happening.message, type=happening.event, payload=happening.payload, created_at=at)
            for webhook in self._known.values():
                if webhook.enabled and await self._hears(webhook, happening):
                    yield webhook, kept

    async def _happenings(self, told: Told) -> list[Happening]:
        if told.what == b"ended":
            group = told.value.decode()
            found = await self._outbox.group(group)
            if found is None:
                log.warning("the record of a group has gone before webhooks were told of it", extra={"task_id": group})
            return list(of_group(group, *found, root=self._root)) if found else []
        if not told.what.startswith(HISTORY):
            return []
        return list(of_fact(told.what[len(HISTORY) :].decode(), told.value, root=self._root))

    async def _hears(self, webhook: Webhook, happening: Happening) -> bool:
        head, event = happening.head, happening.event
        if webhook.models and happening.model not in webhook.models:
            asked = False
        elif event in OF_TASKS:
            asked = event in webhook.events and happening.kind in webhook.kinds
        else:
            asked = event in webhook.events
        if event in OF_TASKS and head is not None:
            asked = asked or head.query.get(ASKED) == webhook.id
            return asked and webhook.owns(head, asked_at=happening.asked_at)
        return asked and await self._standing.may(webhook, event, happening.model)

    async def _reload(self) -> None:
        """Read the webhooks anew: begin to deliver to new ones, and end with those that are gone."""
        self._known = await self._outbox.webhooks()
        for name, (courier, task) in list(self._couriers.items()):
            webhook = self._known.get(name)
            if webhook is None or not webhook.enabled or task.done():
                courier.stop()
                task.cancel()
                del self._couriers[name]
            else:
                courier.webhook = webhook
        for name, webhook in self._known.items():
            if webhook.enabled and name not in self._couriers:
                self._begin(webhook)

    def _begin(self, webhook: Webhook) -> None:
        courier = Courier(
            webhook, self._outbox, self._sender, over=self._standing.over, end=self._end, delays=self._delays
        )
        self._couriers[webhook.id] = courier, asyncio.create_task(self._run(courier))

    async def _run(self, courier: Courier) -> None:
        while not courier.stopped:
            try:
                await courier.run()
                return
            except redis.exceptions.RedisError as error:
                log.warning("a webhook has to wait: %s", error, extra={"webhook": courier.webhook.id})
            except Exception:
                # One that goes wrong costs the others nothing.
                log.exception("a webhook has to wait", extra={"webhook": courier.webhook.id})
            await asyncio.sleep(PAUSE_SECONDS)

    async def _end(self, webhook: str, why: str) -> None:
        """End a webhook."""

        def ended(old: Webhook) -> Webhook:
            return msgspec.structs.replace(old, enabled=False, ended_because=why)

        log.warning("a webhook has ended: %s", why, extra={"webhook": webhook})
        await asyncio.to_thread(self._store.change, webhook, ended)

    @asynccontextmanager
    async def _delivering(self) -> AsyncIterator[None]:
        try:
            yield
        finally:
            for courier, task in self._couriers.values():
                courier.stop()
                task.cancel()
            await asyncio.gather(*(task for _, task in self._couriers.values()), return_exceptions=True)
            self._couriers.clear()
            with suppress(redis.exceptions.RedisError):
                await self._outbox.leave()
