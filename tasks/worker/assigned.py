"""Work that Redis gives to a process as it is accepted: an estimate beside which there is no other.

A group is claimed by who has taken its message: one more round trip and one more script, a seventh of the time of a
request that is alone. So the first process of an estimate worker says in Redis that it waits, and ACCEPT puts such a
group into a list of that process, claimed already (`assign.lua`). It does so only while Redis has a connection of the
process, on a channel that nobody speaks on: one that was killed is assigned nothing more. Whatever becomes of it, the
group has a lease from then on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from time import monotonic
from typing import Final

import redis

from tasks.ledger.claims import read_claim
from tasks.ledger.groups import Claim
from tasks.ledger.store import Ledger
from tasks.redis_keys import ASSIGNEE_KEY, WAKE_KEY
from tasks.storage.scripts import register
from tasks.worker.scoreboard import Entry
from tasks.worker.succession import held

log = logging.getLogger(__name__)

#: For how long it is kept that a process waits, and after which time it says so again (seconds). It asks anew every
#: 10 s.
LIFE_SECONDS: Final = 20
AGAIN_SECONDS: Final = 5.0
#: What an item of such a list begins with that only wakes the process.
WAKES: Final = b"{"


def own_list(holder: str, pid: int) -> str:
    """The list of a process of a worker, which it asks for beside the queues."""
    return WAKE_KEY.format(holder=f"{holder}-{pid}")


def read_assigned(item: bytes) -> Claim:
    """The claim that `assign.lua` has put into the list."""
    numbers, _, rest = item.partition(b"\n")
    count, *lengths = map(int, numbers.split())
    parts, at = [], 0
    for length in lengths:
        parts.append(rest[at : at + length])
        at += length
    return read_claim(parts[0].decode(), parts[count + 1 :], parts[1 : count + 1])


def begun_by(entries: Iterable[Entry]) -> set[str]:
    """The work that these processes do now."""
    return {work.id for work in (entry.work() for entry in entries) if work is not None}


def give_back_unbegun(
    client: redis.Redis, ledger: Ledger, *, holder: str, begun: Callable[[], Collection[str]]
) -> None:
    """Put back what this worker holds and none of its processes has begun: what one was assigned that ended, or whose
    connection did. Raises RedisError."""
    groups = held(client, holder=holder)
    # Asked for afterwards: a process says what it begins before it claims that.
    for group in set(groups).difference(begun() if groups else ()):
        ledger.put_back(group, holder=holder, excused=True)


class Assignee:
    """One process of the worker that is called `holder` in the ledger. Errors of Redis are no more than logged: what is
    not said costs a round trip, and what is not given back a lease."""

    def __init__(self, client: redis.Redis, ledger: Ledger, *, holder: str, pid: int) -> None:
        self._client, self._ledger, self._holder = client, ledger, holder
        self._list = own_list(holder, pid)
        self._said = f"{ledger.lease_seconds}\n{holder}\n{self._list}"
        self._withdraw = register(client, "tasks/worker/lua/withdraw.lua")
        self._again_at = 0.0
        self._alive: redis.client.PubSub | None = None

    def waits(self) -> None:
        """It asks for work, and has none."""
        now = monotonic()
        if now < self._again_at:
            return
        self._again_at = now + AGAIN_SECONDS
        try:
            self._say_alive()
            self._client.set(ASSIGNEE_KEY, self._said, ex=LIFE_SECONDS)
        except redis.exceptions.RedisError as error:
            log.info("that this process waits is not known: %s", error)

    def withdraws(self) -> None:
        """It waits no more, until it says so again; what was assigned and not taken is given back. Nothing is done
        where it has not said that it waits."""
        if not self._again_at:
            return
        try:
            for item in self.end():
                if not item.startswith(WAKES):
                    group = read_assigned(item).group
                    self._ledger.put_back(group, holder=self._holder, excused=True)
            self._again_at = 0.0
        except redis.exceptions.RedisError as error:
            log.warning("what was assigned to this process waits for its lease: %s", error)

    def end(self) -> list[bytes]:
        """Have it assigned nothing more. Returns what lies in its list, which is taken from it. Raises RedisError."""
        left: list[bytes] = self._withdraw(keys=[ASSIGNEE_KEY, self._list], args=[self._said])
        return left

    def _say_alive(self) -> None:
        try:
            # What Redis has answered, or that the connection is broken.
            while self._alive is not None and self._alive.get_message() is not None:
                pass
        except redis.exceptions.ConnectionError:
            self._alive = None
        if self._alive is None:
            alive = self._client.pubsub()  # type: ignore[no-untyped-call]
            alive.subscribe(self._list)
            self._alive = alive
