"""Who is there: members of a fleet say so every few seconds, in one hash a fleet."""

from __future__ import annotations

import time
from typing import Any

import redis

from tasks.contract import FLEET_KEY, FLEET_LOST_SECONDS
from tasks.counts import LOST, add


def announce(client: redis.Redis, fleet: str, *, member: str, processes: int) -> None:
    """Say that this member is there, with so many processes."""
    client.hset(FLEET_KEY.format(fleet=fleet), member, f"{processes} {time.time():.3f}")


def join(client: redis.Redis, fleet: str, *, member: str) -> None:
    """Say that this member is new: one of its name that is still known has gone without a word."""
    _strike_off(client, fleet, member)


def leave(client: redis.Redis, fleet: str, *, member: str) -> None:
    """Say that this member is going."""
    client.hdel(FLEET_KEY.format(fleet=fleet), member)


def members(client: redis.Redis, fleet: str) -> dict[str, int]:
    """The members heard of lately, with their number of processes. The others are struck off, and counted."""
    key = FLEET_KEY.format(fleet=fleet)
    found: Any = client.hgetall(key)
    alive = {}
    for member, value in found.items():
        processes, seen_at = value.split()
        if time.time() - float(seen_at) < FLEET_LOST_SECONDS:
            alive[member.decode()] = int(processes)
        else:
            _strike_off(client, fleet, member.decode())
    return alive


def _strike_off(client: redis.Redis, fleet: str, member: str) -> None:
    """Forget a member that went without a word; of several who do so at once, one counts it."""
    if client.hdel(FLEET_KEY.format(fleet=fleet), member):
        add(client, {f"{LOST}:{fleet}": 1})
