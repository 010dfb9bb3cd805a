"""Who is there: members of a fleet say so every few seconds, in one hash a fleet."""

from __future__ import annotations

import time
from typing import Any

import redis

from tasks.contract import FLEET_KEY, FLEET_LOST_SECONDS


def announce(client: redis.Redis, fleet: str, *, member: str, processes: int) -> None:
    """Say that this member is there, with so many processes."""
    client.hset(FLEET_KEY.format(fleet=fleet), member, f"{processes} {time.time():.3f}")


def leave(client: redis.Redis, fleet: str, *, member: str) -> None:
    """Say that this member is going."""
    client.hdel(FLEET_KEY.format(fleet=fleet), member)


def members(client: redis.Redis, fleet: str) -> dict[str, int]:
    """The members heard of lately, with their number of processes. The others are struck off."""
    key = FLEET_KEY.format(fleet=fleet)
    found: Any = client.hgetall(key)
    alive = {}
    for member, value in found.items():
        processes, seen_at = value.split()
        if time.time() - float(seen_at) < FLEET_LOST_SECONDS:
            alive[member.decode()] = int(processes)
        else:
            client.hdel(key, member)
    return alive
