"""How much an account may ask for in a second: requests, and bytes of request bodies; and how much at a time.

Rows are not counted, because the gateway does not look into bodies; their bytes are what it can know before it
accepts them. The counters are in Redis, so that a quota is the same however many gateway processes there are and
whichever of them a connection happens to reach. Only accounts with a quota pay for that, one round trip a request.
What an account has queued is compared when work is accepted, by the script that accepts it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Final

from gateway.wire import Wire
from tasks.contract import QUOTA_KEY

#: One bucket for each limit; it holds what may be used in a second and fills at that rate. A cost that is greater than
#: the bucket needs a full one and leaves a debt, so that the mean holds whatever the size of a body.
#: KEYS: the account's hash. ARGV: now (s), then name, rate, cost of each limit. Gives the wait (ms) and the index of
#: the limit that asks for it (0: none, admitted), and what is left of each limit, rounded down.
CHARGE: Final = """
local now, count = tonumber(ARGV[1]), (#ARGV - 1) / 3
local names, rates, costs, levels, waits, worst = {}, {}, {}, {}, 0, 0
for n = 1, count do
  names[n], rates[n], costs[n] = ARGV[n * 3 - 1], tonumber(ARGV[n * 3]), tonumber(ARGV[n * 3 + 1])
end
local kept = redis.call('HMGET', KEYS[1], 'at', unpack(names))
local at = tonumber(kept[1] or now)
local passed = math.max(0, now - at)
for n, rate in ipairs(rates) do
  levels[n] = math.min(rate, (tonumber(kept[n + 1] or rate)) + passed * rate)
  local lacking = (math.min(costs[n], rate) - levels[n]) / rate
  if lacking > waits then waits, worst = lacking, n end
end
local reply, life, fields = {math.ceil(waits * 1000), worst}, 1, {'at', string.format('%.6f', math.max(now, at))}
for n, level in ipairs(levels) do
  if worst == 0 then level = level - costs[n] end
  fields[#fields + 1], fields[#fields + 2] = names[n], string.format('%.6f', level)
  life = math.max(life, 1 + (rates[n] - level) / rates[n])
  reply[#reply + 1] = math.max(0, math.floor(level))
end
redis.call('HSET', KEYS[1], unpack(fields))
redis.call('EXPIRE', KEYS[1], math.ceil(life))
return reply
"""


@dataclass(frozen=True)
class Quota:
    """What may be used in a second, and how many items may be unfinished at a time; 0: any amount."""

    requests_per_second: int = 0
    bytes_per_second: int = 0
    queued_items: int = 0

    @property
    def charged(self) -> bool:
        """Whether each request is to be charged."""
        return bool(self.requests_per_second or self.bytes_per_second)


#: The names of the limits.
LIMITS: Final = tuple(f.name for f in fields(Quota))
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

    def __init__(self, wire: Wire, *, clock: Callable[[], float] = time.time) -> None:
        self._wire = wire
        self._clock = clock

    async def charge(self, name: str, quota: Quota, *, body_bytes: int) -> Verdict:
        """Charge one request with a body of this size to the account, if it can be admitted. Raises RedisError."""
        limits = _limits(quota, body_bytes)
        args: list[object] = [f"{self._clock():.6f}"]
        for limit in limits:
            args += [limit.name, limit.rate, limit.cost]
        wait, worst, *left = await self._wire.run(CHARGE, keys=[QUOTA_KEY.format(name=name)], args=args)
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
    cost: int
    unit: str = ""

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.rate};w=1{self.unit}'

    @property
    def words(self) -> str:
        return f"{self.rate} {'bytes of bodies' if self.unit else 'requests'} a second"


def _limits(quota: Quota, body_bytes: int) -> list[_Limit]:
    limits = []
    if quota.requests_per_second:
        limits.append(_Limit(name="requests", rate=quota.requests_per_second, cost=1))
    if quota.bytes_per_second:
        unit = ';qu="content-bytes"'
        limits.append(_Limit(name="bytes", rate=quota.bytes_per_second, cost=body_bytes, unit=unit))
    return limits


def _left(limit: _Limit, rest: int, wait: float) -> str:
    # A bucket is full again within a second, but for what is owed.
    return f'"{limit.name}";r={rest};t={max(1, math.ceil(wait))}'
