"""Who is there: members of a fleet say so every few seconds, in one hash a fleet.

A member's name is its own, and not that of who comes after it: one that is killed and starts again is another one, and
the old one counts as gone when it has not been heard of for a while.
"""

from __future__ import annotations

from typing import Any, Final

import redis

from tasks.ledger.counts import LOST, add
from tasks.redis_keys import FLEET_KEY, FLEET_LOST_SECONDS
from tasks.storage.redis_clock import redis_time

#: What stands between a worker's name and what tells it from others of that name.
OF: Final = "#"


def announce(client: redis.Redis, fleet: str, *, member: str, processes: int) -> None:
    """Say that this member is there, with so many processes."""
    _note(client, fleet, member, processes=processes, seen_at=redis_time(client))


def leave(client: redis.Redis, fleet: str, *, member: str) -> None:
    """Say that this member is going."""
    client.hdel(FLEET_KEY.format(fleet=fleet), member)


def worker_member(name: str, holder: str) -> str:
    """The member that a worker is, by its name, which two may share, and by what it is in the ledger."""
    return f"{name}{OF}{holder}"


def namesakes(client: redis.Redis, fleet: str, member: str) -> list[str]:
    """The other workers heard of lately that share the name of this one."""
    name = member.partition(OF)[0]
    return [other for other in members(client, fleet) if other != member and other.partition(OF)[0] == name]


def members(client: redis.Redis, fleet: str) -> dict[str, int]:
    """The members heard of lately, with their number of processes. The others are struck off, and counted."""
    key = FLEET_KEY.format(fleet=fleet)
    found: Any = client.hgetall(key)
    alive, now = {}, redis_time(client)
    for name, value in found.items():
        member, processes, seen_at = name.decode(), int(value.split()[0]), float(value.split()[1])
        if seen_at > now:
            # The clock of Redis has gone back; who is gone must not count as there until the old time comes again.
            _note(client, fleet, member, processes=processes, seen_at=now)
        if now - seen_at < FLEET_LOST_SECONDS:
            alive[member] = processes
        else:
            _strike_off(client, fleet, member)
    return alive


def _note(client: redis.Redis, fleet: str, member: str, *, processes: int, seen_at: float) -> None:
    client.hset(FLEET_KEY.format(fleet=fleet), member, f"{processes} {seen_at:.3f}")


def _strike_off(client: redis.Redis, fleet: str, member: str) -> None:
    """Forget a member that went without a word; of several who do so at once, one counts it."""
    if client.hdel(FLEET_KEY.format(fleet=fleet), member):
        add(client, {f"{LOST}:{fleet}": 1})
