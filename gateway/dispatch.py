"""Group commit: what waits leaves together, as one ledger record with one Celery message.

While fewer than `capacity` groups of a lane are in flight, everything that waits leaves at once; else it waits for one
to come back, but no longer than its patience. An idle service sends groups of one at once, a busy one large groups:
after a larger group it waits a moment for those whom it just answered, because a group costs as much as ten items.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import redis

from gateway.waiting import Expected, Waiting
from gateway.wire import Wire
from tasks import scripts
from tasks.contract import FLEET_SECONDS, GROUP_BYTES, GROUP_ITEMS, Kind, Lane
from tasks.errors import Unavailable
from tasks.fleet import announce, members
from tasks.ledger import Group, Head, Ledger, acceptance, new_group_id

log = logging.getLogger(__name__)

#: How long a request that does not wait for its result may wait to be accepted, and one that does (seconds).
SUBMIT_PATIENCE: Final = 0.02
WAIT_PATIENCE: Final = 0.25
#: When a group of at least so many items has landed, the next one is held for those who were just answered and come
#: again, until most of them are there, and no longer than LINGER_SECONDS.
LINGER_ITEMS: Final = 4
LINGER_PART: Final = 0.8
LINGER_SECONDS: Final = 0.003
#: A group that has not come back after so long no longer counts as in flight (seconds).
FLIGHT_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Ticket:
    """An accepted request."""

    handle: str
    reply: Expected


@dataclass(slots=True)
class _Item:
    head: Head
    body: bytes
    accepted: asyncio.Future[Ticket]


class Dispatcher:
    """Accepts requests for one gateway process."""

    def __init__(
        self, ledger: Ledger, wire: Wire, *, waiting: Waiting, new_id: Callable[[], str] = new_group_id
    ) -> None:
        self._ledger = ledger
        self._wire = wire
        self._waiting = waiting
        self._new_id = new_id
        self._lanes = {lane: _LaneBuffer(self, lane) for lane in Lane}
        #: How many groups a lane may have in flight.
        self.capacity = 2

    async def submit(self, kind: Kind, lane: Lane, *, head: Head, body: bytes, waits: bool) -> Ticket:
        """Accept one request. When this returns, the work is durable. Raises Unavailable, and nothing is accepted."""
        accepted: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        item = _Item(head, body, accepted)
        if kind is Kind.ESTIMATE:
            self._lanes[lane].add(item, waits=waits)
        else:
            await self.commit(kind, lane, [item])
        return await accepted

    async def commit(self, kind: Kind, lane: Lane, items: list[_Item]) -> Expected | None:
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
        overdue = asyncio.get_running_loop().call_later(FLIGHT_SECONDS, self._waiting.drop, reply)
        # Else the timer would hold on to the results until it is due.
        reply.reply.add_done_callback(lambda _: overdue.cancel())
        try:
            await self._record(group)
        except (redis.exceptions.RedisError, OSError) as error:
            self._waiting.drop(reply)
            _refuse(items, error)
            return None
        for index, item in enumerate(items):
            if not item.accepted.done():
                item.accepted.set_result(Ticket(f"{group.id}-{index}", reply))
        return reply

    async def follow_fleet(self, client: redis.Redis) -> None:
        """Set the capacity by the estimate processes and the gateway processes that are there, until cancelled."""
        name = self._waiting.process
        while True:
            with suppress(redis.exceptions.RedisError):
                await asyncio.to_thread(announce, client, "gateway", member=name, processes=1)
                workers = await asyncio.to_thread(members, client, "estimate")
                gateways = await asyncio.to_thread(members, client, "gateway")
                self.capacity = capacity_for(sum(workers.values()), gateways=len(gateways))
            await asyncio.sleep(FLEET_SECONDS)

    async def _record(self, group: Group) -> None:
        """Write the group as `Ledger.accept` does; threads are used only where bodies lie outside the record."""
        small = all(len(body) <= self._ledger.inline_bytes for body in group.bodies)
        placed = self._ledger.place(group) if small else await asyncio.to_thread(self._ledger.place, group)
        keys, args = acceptance(group, placed)
        try:
            await self._wire.run(scripts.ACCEPT, keys=keys, args=args)
        except redis.exceptions.ResponseError:
            await asyncio.to_thread(self._ledger.unplace, placed)
            raise


class _LaneBuffer:
    """What waits in one lane, and how many of its groups are in flight."""

    def __init__(self, dispatcher: Dispatcher, lane: Lane) -> None:
        self._dispatcher = dispatcher
        self._lane = lane
        self._items: deque[_Item] = deque()
        self._in_flight = 0
        self._due: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._soon = False
        self._held: asyncio.TimerHandle | None = None
        self._release_at = 0
        self._flights: set[asyncio.Task[None]] = set()

    def add(self, item: _Item, *, waits: bool) -> None:
        """Let one item wait; it leaves at the end of this turn of the event loop if a group may fly."""
        self._items.append(item)
        loop = asyncio.get_running_loop()
        if self._held is not None:
            if len(self._items) >= self._release_at:
                self._release()
            return
        if self._in_flight < self._dispatcher.capacity:
            if not self._soon:
                self._soon = True
                loop.call_soon(self._flush_soon)
            return
        due = loop.time() + (WAIT_PATIENCE if waits else SUBMIT_PATIENCE)
        if self._timer is None or self._due is None or due < self._due:
            if self._timer:
                self._timer.cancel()
            self._due = due
            self._timer = loop.call_at(due, self._flush_due)

    def flush(self, *, everything: bool = False) -> None:
        """Send groups while they may fly; all that waits if `everything`."""
        if self._held is not None and not everything:
            return
        while self._items and (everything or self._in_flight < self._dispatcher.capacity):
            task = asyncio.get_running_loop().create_task(self._fly(self._take()))
            self._flights.add(task)
            task.add_done_callback(self._flights.discard)
        if not self._items and self._timer:
            self._timer.cancel()
            self._timer = None

    def _flush_soon(self) -> None:
        self._soon = False
        self.flush()

    def _flush_due(self) -> None:
        self._timer = None
        self.flush(everything=True)

    def _take(self) -> list[_Item]:
        taken = [self._items.popleft()]
        size = len(taken[0].body)
        while self._items and len(taken) < GROUP_ITEMS[self._lane] and size + len(self._items[0].body) <= GROUP_BYTES:
            taken.append(self._items.popleft())
            size += len(taken[-1].body)
        self._in_flight += 1
        return taken

    async def _fly(self, items: list[_Item]) -> None:
        reply = await self._dispatcher.commit(Kind.ESTIMATE, self._lane, items)
        # A reply may be lost with a broken subscription: after FLIGHT_SECONDS the group counts as landed.
        if reply is not None:
            await asyncio.wait((reply.reply,), timeout=FLIGHT_SECONDS)
        self._in_flight -= 1
        if len(items) < LINGER_ITEMS or self._held is not None:
            self.flush()
            return
        self._release_at = math.ceil(LINGER_PART * (len(items) + len(self._items)))
        self._held = asyncio.get_running_loop().call_later(LINGER_SECONDS, self._release)

    def _release(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None
        self.flush()


def capacity_for(processes: int, *, gateways: int) -> int:
    """How many groups one gateway process keeps in flight in a lane: together one for each estimate process.

    A group costs the service some 5 ms of processor time however many items it has. Measured on 2 cores with 64
    connections: one group more for each gateway process halves the groups and answers a third fewer requests.
    """
    return max(1, processes // max(gateways, 1))


def _refuse(items: list[_Item], error: Exception) -> None:
    log.warning("%d requests were not accepted: %s", len(items), type(error).__name__)
    refusal = Unavailable("the work could not be recorded and was not accepted; try again in a moment")
    for item in items:
        if not item.accepted.done():
            item.accepted.set_exception(refusal)
