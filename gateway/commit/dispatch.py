"""Group commit: requests that wait together become one ledger record with one Celery message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Final

import msgspec
import redis

from gateway.commit.gathering import LINGER_SECONDS, LONG_SECONDS, SUBMIT_PATIENCE, Gatherer, Item, Ticket
from gateway.commit.waiting import Expected, Waiting
from gateway.wiring.async_redis import AsyncRedis
from tasks.contract import EXPORT, GROUP_ITEMS, Kind, Lane
from tasks.errors import InvalidField, TooManyRequests, Unavailable
from tasks.ledger.acceptance import ACCEPT, Idempotency, acceptance
from tasks.ledger.counts import Refusal, refusal
from tasks.ledger.fleet import announce, leave, members
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.ledger.store import Ledger
from tasks.redis_keys import FLEET_SECONDS
from tasks.storage.scripts import script
from tasks.strikes import until_strike
from tasks.telemetry.traces import NOTHING, UNTRACED, Traces
from tasks.threads import in_thread

log = logging.getLogger(__name__)

#: What takes a hundred times as long as to predict: others need not wait for it.
ALONE: Final = frozenset({"explain", EXPORT})


class Dispatcher:
    """Accepts requests for one gateway process."""

    def __init__(
        self,
        ledger: Ledger,
        wire: AsyncRedis,
        *,
        waiting: Waiting,
        check: Callable[[Kind, Lane], None] = lambda _kind, _lane: None,
        count: Callable[[str, int], None] = lambda _field, _times: None,
        new_id: Callable[[], str] = new_group_id,
        traces: Traces = UNTRACED,
        linger_seconds: float = LINGER_SECONDS,
        submit_patience: float = SUBMIT_PATIENCE,
        long_seconds: float = LONG_SECONDS,
    ) -> None:
        self._ledger = ledger
        self._wire = wire
        self._accept = script(ACCEPT)
        self._waiting = waiting
        self._check = check
        self._count = count
        self._new_id = new_id
        self._traces = traces
        self._gatherers = {
            lane: Gatherer(
                partial(self._fly, lane),
                most_items=GROUP_ITEMS[lane],
                linger_seconds=linger_seconds,
                submit_patience=submit_patience,
                long_seconds=long_seconds,
            )
            for lane in Lane
        }

    async def submit(
        self,
        kind: Kind,
        lane: Lane,
        *,
        head: Head,
        body: bytes,
        waits: bool,
        once: Idempotency | None = None,
        most: int = 0,
    ) -> Ticket:
        """Accept one request. When this returns, the work is durable.

        `once`: what was accepted before under this key is what is returned. `most`: how many unfinished items the
        owner may have; 0: any number. Raises Unavailable, TooManyRequests past `most`, and InvalidField if something
        else was accepted under the key; then nothing is accepted.
        """
        self._check(kind, lane)
        with self._traces.submit(head.trace, kind=kind, lane=lane, model=head.model) if head.trace else NOTHING as step:
            if step.parent:
                head = msgspec.structs.replace(head, trace=step.parent)
            accepted: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
            item = Item(head, body, accepted, waits, most)
            if kind is Kind.ESTIMATE and once is None and ALONE.isdisjoint(head.query):
                self._gatherers[lane].add(item)
            else:
                await self._commit(kind, lane, [item], once=once)
            ticket = await accepted
            if step.parent:
                step.say(task_id=ticket.handle)
            return ticket

    def gather(self, lane: Lane, item: Item) -> None:
        """Accept an estimate that is not traced and has no idempotency key: `item.accepted` is told, not before this
        returns. Raises Unavailable; then it is told nothing."""
        self._check(Kind.ESTIMATE, lane)
        self._gatherers[lane].add(item)

    def set_capacity(self, groups: int, *, most: int = 0) -> None:
        """How many groups each lane may have in flight, and how many large or slow ones, if these may be more."""
        for gatherer in self._gatherers.values():
            gatherer.capacity, gatherer.most = groups, max(groups, most)

    async def follow_fleet(self, client: redis.Redis) -> None:
        """Set the capacity by the estimate processes and the gateway processes that are there, until cancelled."""
        name = self._waiting.process
        try:
            while True:
                with suppress(redis.exceptions.RedisError):
                    await in_thread(announce, client, "gateway", member=name, processes=1)
                    workers = await in_thread(members, client, "estimate")
                    gateways = await in_thread(members, client, "gateway")
                    processes = sum(workers.values())
                    self.set_capacity(capacity_for(processes, gateways=len(gateways)), most=processes)
                await asyncio.sleep(until_strike(FLEET_SECONDS))
        finally:
            # Whoever goes without a word counts as lost.
            with suppress(redis.exceptions.RedisError):
                leave(client, "gateway", member=name)

    async def _fly(self, lane: Lane, items: list[Item]) -> Expected | None:
        reply = await self._commit(Kind.ESTIMATE, lane, items)
        # The bodies are safe; while no worker takes the group they need not be here as well.
        items.clear()
        return reply

    async def _commit(
        self, kind: Kind, lane: Lane, items: list[Item], *, once: Idempotency | None = None
    ) -> Expected | None:
        """Write one group and tell its items that they are accepted, or why not. Returns the reply to come."""
        group = Group(
            id=self._new_id(),
            kind=kind,
            lane=lane,
            heads=[item.head for item in items],
            bodies=[item.body for item in items],
            reply=self._waiting.process,
        )
        reply = self._waiting.expect(group.id)
        try:
            known = await self._record(group, once, most={item.head.owner: item.most for item in items if item.most})
        except Exception as error:
            # Whatever it was, who waits must hear that nothing is promised.
            log.warning("%d requests were not accepted", len(items), exc_info=error)
            self._waiting.drop(reply)
            self._count(refusal(kind, lane, Refusal.UNRECORDED), len(items))
            _refuse(items, error)
            return None
        if isinstance(known, dict):
            self._waiting.drop(reply)
            fitting = _refuse_excess(items, known)
            self._count(refusal(kind, lane, Refusal.QUEUED), len(items) - len(fitting))
            return await self._commit(kind, lane, fitting, once=once) if fitting else None
        if once is not None and known is not None:
            self._waiting.drop(reply)
            _repeat(items[0], once, known)
            return None
        log.debug("%d requests are accepted", len(items), extra={"task_id": group.id, "kind": kind.value})
        for index, item in enumerate(items):
            if not item.accepted.done():
                item.accepted.set_result(Ticket(f"{group.id}-{index}", reply))
        self._waiting.limit(reply)
        return reply

    async def _record(
        self, group: Group, once: Idempotency | None, *, most: Mapping[str, int]
    ) -> str | dict[str, int] | None:
        """Write the group as `Ledger.accept` does; threads are used only where bodies lie outside the record.

        Returns None; or, and nothing is accepted, what was accepted before under the same idempotency key, or how many
        more items those owners may have who may not have as many as here.
        """
        small = all(len(body) <= self._ledger.inline_bytes for body in group.bodies)
        placed = self._ledger.place(group) if small else await asyncio.to_thread(self._ledger.place, group)
        keys, args = acceptance(group, placed, once=once, most=most)
        try:
            known = await self._wire.run(self._accept, keys=keys, args=args)
        except redis.exceptions.ResponseError:
            await asyncio.to_thread(self._ledger.unplace, placed)
            raise
        if known is None:
            return None
        await asyncio.to_thread(self._ledger.unplace, placed)
        if isinstance(known, list):
            return {owner.decode(): int(left) for owner, left in zip(known[::2], known[1::2], strict=True)}
        return str(known.decode())


def capacity_for(processes: int, *, gateways: int) -> int:
    """How many groups one gateway process keeps in flight in a lane: together one for each estimate process.

    More groups in flight are smaller ones, and a group costs some 2 ms of processor time however many items it has.
    """
    return max(1, processes // max(gateways, 1))


def _repeat(item: Item, once: Idempotency, known: str) -> None:
    """Give the item what was accepted before under its key, or say that this was something else."""
    digest, _, handle = known.partition(" ")
    if item.accepted.done():
        return
    if digest == once.digest:
        item.accepted.set_result(Ticket(handle, None))
    else:
        refusal = "the Idempotency-Key was used for another request; send a new key with a new request"
        item.accepted.set_exception(InvalidField(refusal))


def _refuse_excess(items: list[Item], left: dict[str, int]) -> list[Item]:
    """Refuse what its owner may not have as well; `left`: how many more it may have. Returns the others."""
    fitting = []
    for item in items:
        owner = item.head.owner
        if left.get(owner, 1) > 0:
            fitting.append(item)
        elif not item.accepted.done():
            item.accepted.set_exception(_excess(owner, item.most))
        if owner in left:
            left[owner] -= 1
    return fitting


def _excess(owner: str, most: int) -> TooManyRequests:
    refusal = (
        f"the account {owner!r} may have {most} tasks that are not finished; wait for some of them, or cancel some"
    )
    return TooManyRequests(refusal).of("queued", most)


def _refuse(items: list[Item], error: Exception) -> None:
    refusal = Unavailable("the work could not be recorded and was not accepted; try again in a moment")
    for item in items:
        if not item.accepted.done():
            item.accepted.set_exception(error if isinstance(error, Unavailable) else refusal)
