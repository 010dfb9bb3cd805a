"""Which requests leave together: one gatherer for each lane.

While fewer than `capacity` groups are in flight, everything that waits leaves at once; else it waits for one to land,
but no longer than its patience. Up to `most` groups fly where a group would be large, or where items take long, so
that what it costs to send one more is little; these share what waits. An idle service sends groups of one at once, a
busy one large groups: after a larger group it waits a moment for those whom it just answered, because a group costs as
much as ten items. Who waits for no result is answered when the group is accepted, and those who were are waited for in
the same way.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

from gateway.commit.waiting import Expected
from tasks.contract import GROUP_BYTES
from tasks.ledger.groups import Head

#: How long a request that does not wait for its result may wait to be accepted, and one that does (seconds).
SUBMIT_PATIENCE: Final = 0.02
WAIT_PATIENCE: Final = 0.25
#: When a group of at least so many items has landed, the next one is held for those who were just answered and come
#: again, until most of them are there, and no longer than LINGER_SECONDS.
LINGER_ITEMS: Final = 4
LINGER_PART: Final = 0.95
LINGER_SECONDS: Final = 0.010
#: What is a large group (items). How long each item of a group takes whose work, and not its way, takes long, where its
#: way takes so long (seconds).
LARGE_ITEMS: Final = 24
LONG_SECONDS: Final = 0.001
WAY_SECONDS: Final = 0.002
#: After a smaller group the next one is held in the same way where others wait already, for a part of that time:
#: else they and those who were just answered would go in turn, each in a group of its own. Where those who were waited
#: for did not come, the next one is not held, after the second time the next three, then seven, and so on up to these.
SHORT_LINGER_PART: Final = 0.2
MOST_PASSED: Final = 15


@dataclass(frozen=True, slots=True)
class Ticket:
    """An accepted request: its handle, and the reply that its group will get if this process accepted it."""

    handle: str
    reply: Expected | None


class Accepting(Protocol):
    """Who hears that an item is accepted, or why not: a future, or what is told at once."""

    def done(self) -> bool:
        """Whether nothing more is to be told."""
        ...

    def set_result(self, ticket: Ticket, /) -> None:
        """It is accepted."""
        ...

    def set_exception(self, error: Exception, /) -> None:
        """It is not accepted."""
        ...


@dataclass(slots=True)
class Item:
    """A request that waits to be accepted."""

    head: Head
    body: bytes
    accepted: Accepting
    #: True if who asks waits for the result, and will ask again when it comes.
    waits: bool
    #: How many unfinished items its owner may have; 0: any number.
    most: int = 0


class Gatherer:
    """What waits in one lane, and how many of its groups are in flight.

    `fly` sends a group and returns the reply that is to come, if any; it raises nothing, and may empty the list that it
    is given.
    """

    def __init__(
        self,
        fly: Callable[[list[Item]], Awaitable[Expected | None]],
        *,
        most_items: int,
        linger_seconds: float = LINGER_SECONDS,
        submit_patience: float = SUBMIT_PATIENCE,
        long_seconds: float = LONG_SECONDS,
    ) -> None:
        self._submit_patience = submit_patience
        self._long = long_seconds
        self._fly = fly
        self._most_items = most_items
        self._linger = linger_seconds
        self._items: deque[Item] = deque()
        self._in_flight = 0
        self._flights: set[asyncio.Task[None]] = set()
        self._soon = False
        self._patience: asyncio.TimerHandle | None = None
        self._held: asyncio.TimerHandle | None = None
        self._enough = 0
        #: How many small groups nothing is held for after one was in vain, and how many of these are left.
        self._in_vain = 0
        self._passed = 0
        #: Of those who wait for no result: how many are here, are being accepted, and were, and may come again.
        self._submits = 0
        self._leaving = 0
        self._away = 0
        #: Whether the items of the last group took long.
        self._is_slow = False
        #: How many groups may be in flight in any case, and how many at most.
        self.capacity = 2
        self.most = 2

    def add(self, item: Item) -> None:
        """Let one item wait; it leaves at the end of this turn of the event loop if a group may fly."""
        self._items.append(item)
        if not item.waits:
            self._submits += 1
            self._away = max(self._away - 1, 0)
        if not item.waits and self._are_all_here() and not self._may_fly():
            self._leave_all()
        elif self._held is not None:
            self._be_patient(waits=item.waits)
            if len(self._items) >= self._enough:
                self._in_vain = 0
                self._release()
        elif not self._may_fly():
            self._be_patient(waits=item.waits)
        elif not self._soon:
            self._soon = True
            asyncio.get_running_loop().call_soon(self._leave_soon)

    def _may_fly(self) -> bool:
        if self._in_flight < self.capacity:
            return True
        return self._in_flight < self.most and (self._is_slow or len(self._items) >= LARGE_ITEMS)

    def _are_all_here(self) -> bool:
        """Whether most of those who wait for no result are here, so that there is nobody to be patient for."""
        known = self._submits + self._leaving + self._away
        return self._submits >= max(LINGER_ITEMS, LINGER_PART * known)

    def _be_patient(self, *, waits: bool) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time() + (WAIT_PATIENCE if waits else self._submit_patience)
        if self._patience is None or due < self._patience.when():
            if self._patience is not None:
                self._patience.cancel()
            self._patience = loop.call_at(due, self._lose_patience)

    def _leave_soon(self) -> None:
        self._soon = False
        self._leave()

    def _lose_patience(self) -> None:
        # Whoever is not here does not come again.
        self._away = 0
        self._leave_all()

    def _leave_all(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
        while self._items:
            self._take_off()

    def _leave(self) -> None:
        while self._items and self._held is None and self._may_fly():
            self._take_off()
        if not self._items and self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _take_off(self) -> None:
        free = max(self.most - self._in_flight, 1) if self._is_slow else 1
        group = self._group(min(math.ceil(len(self._items) / free), self._most_items))
        self._in_flight += 1
        flight = asyncio.get_running_loop().create_task(self._flight(group))
        self._flights.add(flight)
        flight.add_done_callback(self._flights.discard)

    def _group(self, most_items: int) -> list[Item]:
        group = [self._items.popleft()]
        size = len(group[0].body)
        while self._items and len(group) < most_items and size + len(self._items[0].body) <= GROUP_BYTES:
            group.append(self._items.popleft())
            size += len(group[-1].body)
        submits = sum(not item.waits for item in group)
        self._submits -= submits
        self._leaving += submits
        return group

    async def _flight(self, group: list[Item]) -> None:
        size = sum(item.waits for item in group)
        submits = len(group) - size
        began = asyncio.get_running_loop().time()
        reply = await self._fly(group)
        self._leaving -= submits
        self._away += submits
        if reply is None or reply.reply.done():
            self._land(size, began)
        else:
            reply.over = partial(self._land, size, began)

    def _land(self, size: int, began: float) -> None:
        """A group has come back of which so many items were waited for, and which left at that time."""
        self._in_flight -= 1
        if size:
            self._is_slow = asyncio.get_running_loop().time() - began >= WAY_SECONDS + size * self._long
        if size >= LINGER_ITEMS:
            self._hold(size, self._linger, self._release)
        elif size and 0 < len(self._items) < LINGER_ITEMS and not self._is_slow:
            # Where more wait than this they leave, and all others are waited for when they land.
            if self._passed:
                self._passed -= 1
            else:
                self._hold(size, SHORT_LINGER_PART * self._linger, self._wait_in_vain)
        self._leave()

    def _hold(self, size: int, seconds: float, over: Callable[[], None]) -> None:
        """Let nothing leave until so many more items are there; after this time call `over`."""
        if self._held is None:
            self._enough = math.ceil(LINGER_PART * (size + len(self._items)))
            self._held = asyncio.get_running_loop().call_later(seconds, over)

    def _wait_in_vain(self) -> None:
        self._in_vain = min(2 * self._in_vain + 1, MOST_PASSED)
        self._passed = self._in_vain
        self._release()

    def _release(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None
        self._leave()
