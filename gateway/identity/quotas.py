"""How much an account may ask for in a second: requests, bytes of request bodies, rows; and how much at a time.

The gateway does not look into bodies: their bytes are what it can know before it accepts them, rows are counted when
they have been predicted. The counters are in Redis, so that a quota is the same however many gateway processes there
are and whichever of them a connection happens to reach. Only accounts with a quota pay for that, one round trip a
request. What an account has queued is compared when work is accepted, by the script that accepts it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from gateway.wiring.async_redis import AsyncRedis
from tasks.redis_keys import QUOTA_KEY
from tasks.storage.scripts import script


@dataclass(frozen=True)
class Quota:
    """What may be used in a second, and how many items may be unfinished at a time; 0: any amount."""

    requests_per_second: int = 0
    bytes_per_second: int = 0
    rows_per_second: int = 0
    queued_items: int = 0

    @property
    def charged(self) -> bool:
        """Whether each request is to be charged."""
        return bool(self.requests_per_second or self.bytes_per_second or self.rows_per_second)


#: The names of the limits.
LIMITS: Final = tuple(f.name for f in fields(Quota))
#: How long what an account owes for rows is kept after its last request (seconds).
OWING_SECONDS: Final = 3600
#: The quota of who has none.
NO_QUOTA: Final = Quota()


@dataclass(frozen=True)
class Verdict:
    """Whether a request may go on, and what its answer says of the quota."""

    #: Seconds to wait before the same request can be admitted; 0: it is admitted.
    wait_seconds: float
    #: The limit that was reached, in words; empty if none was.
    reached: str
    #: The fields RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers).
    policy: str
    remaining: str


class Quotas:
    """Charges requests to accounts."""

    def __init__(self, wire: AsyncRedis, *, clock: Callable[[], float] | None = None) -> None:
        """By the clock of Redis, which all gateways share, unless one is given."""
        self._wire = wire
        self._charge = script("gateway/identity/lua/charge.lua")
        self._clock = clock

    async def charge(self, name: str, quota: Quota, *, body_bytes: int, estimates: bool = False) -> Verdict:
        """Charge one request with a body of this size to the account, if it can be admitted. Raises RedisError.

        Rows are owed by what `estimates`: who may have no more of them may still look at results.
        """
        limits = _limits(quota, body_bytes, estimates=estimates)
        args: list[object] = ["" if self._clock is None else f"{self._clock():.6f}", OWING_SECONDS]
        for limit in limits:
            args += [limit.name, limit.rate, limit.cost]
        wait, worst, *left = await self._wire.run(self._charge, keys=[QUOTA_KEY.format(name=name)], args=args)
        seconds = wait / 1000
        return Verdict(
            seconds,
            limits[worst - 1].words if worst else "",
            ", ".join(limit.policy for limit in limits),
            ", ".join(_left(limit, rest, seconds) for limit, rest in zip(limits, left, strict=True)),
        )


@dataclass(frozen=True, kw_only=True)
class _Limit:
    name: str
    rate: int
    #: What a request costs; empty if the limit is not for it.
    cost: int | str
    #: What is counted, in words, and as the field RateLimit-Policy names it.
    what: str = "requests"
    unit: str = ""

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.rate};w=1{self.unit}'

    @property
    def words(self) -> str:
        return f"{self.rate} {self.what} a second"


def _limits(quota: Quota, body_bytes: int, *, estimates: bool) -> list[_Limit]:
    limits = []
    if quota.requests_per_second:
        limits.append(_Limit(name="requests", rate=quota.requests_per_second, cost=1))
    if quota.bytes_per_second:
        unit = ';qu="content-bytes"'
        limits.append(
            _Limit(name="bytes", rate=quota.bytes_per_second, cost=body_bytes, what="bytes of bodies", unit=unit)
        )
    if quota.rows_per_second:
        limits.append(
            _Limit(name="rows", rate=quota.rows_per_second, cost=0 if estimates else "", what="rows", unit=';qu="rows"')
        )
    return limits


def _left(limit: _Limit, rest: int, wait: float) -> str:
    # A bucket is full again within a second, but for what is owed.
    return f'"{limit.name}";r={rest};t={max(1, math.ceil(wait))}'
