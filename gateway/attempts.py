"""Logins that fail make the next ones wait: by account, and by the address that they come from.

The counters are in Redis, so all gateway processes know of them. An attempt counts as failed from its start until it
succeeds, so that many at the same time are no way around it. Names that no account has are counted as any other.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections.abc import Callable
from typing import Any, Final

import redis

from tasks.contract import LOGINS_KEY

#: Failures without a pause, of an account and of an address, behind which there may be many people.
FREE_ACCOUNT: Final = 8
FREE_ADDRESS: Final = 40
#: The first pause; each further failure doubles it, up to the longest (seconds).
FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
#: A counter is forgotten so long after the last attempt (seconds).
LIFE_SECONDS: Final = 900

#: KEYS: account[, address]. ARGV: now (s), first pause, longest pause, life (s), then the free failures of each key.
#: Gives how long to wait (ms); 0: the attempt may be made, and is counted.
BEGIN: Final = """
local now, first, longest = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local wait = 0
for _, key in ipairs(KEYS) do
  wait = math.max(wait, tonumber(redis.call('HGET', key, 'until') or 0) - now)
end
if wait > 0 then return math.ceil(math.min(wait, longest) * 1000) end
for i, key in ipairs(KEYS) do
  local beyond = redis.call('HINCRBY', key, 'failures', 1) - tonumber(ARGV[i + 4])
  if beyond >= 0 then
    local pause = math.min(longest, first * 2 ^ math.min(beyond, 30))
    redis.call('HSET', key, 'until', string.format('%.3f', now + pause))
  end
  redis.call('EXPIRE', key, ARGV[4])
end
return 0
"""

#: KEYS as above. The account is as if nothing had failed; of the address only this attempt is taken back, or who has
#: one account could try the passwords of others for ever.
SUCCEED: Final = """
redis.call('DEL', KEYS[1])
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 1 then
  if redis.call('HINCRBY', KEYS[2], 'failures', -1) <= 0 then
    redis.call('DEL', KEYS[2])
  else
    redis.call('HDEL', KEYS[2], 'until')
  end
end
"""


class Attempts:
    """The attempts to log in, in one Redis. Every method blocks."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        free_account: int = FREE_ACCOUNT,
        free_address: int = FREE_ADDRESS,
        first_seconds: float = FIRST_SECONDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._free = (free_account, free_address)
        self._first = first_seconds
        self._clock = clock

    def begin(self, name: str, address: str | None) -> float:
        """Seconds until an attempt may be made; 0: it may be made now, and is counted as failed until `succeed`."""
        keys = _keys(name, address)
        args = [f"{self._clock():.3f}", self._first, LONGEST_SECONDS, LIFE_SECONDS, *self._free[: len(keys)]]
        milliseconds: Any = self._client.eval(BEGIN, len(keys), *keys, *map(str, args))
        return float(milliseconds) / 1000

    def succeed(self, name: str, address: str | None) -> None:
        """The attempt had the right password."""
        keys = _keys(name, address)
        self._client.eval(SUCCEED, len(keys), *keys)


def client_address(forwarded: str | None) -> str | None:
    """The address in X-Forwarded-For that our own proxy wrote, which is the last; None if there is none.

    Of IPv6 the network of 64 bits, of which one customer has all addresses.
    """
    last = (forwarded or "").rpartition(",")[2].strip()
    try:
        address = ipaddress.ip_address(last)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        if mapped is None:
            return str(ipaddress.ip_network((int(address), 64), strict=False))
        return str(mapped)
    return str(address)


def _keys(name: str, address: str | None) -> list[str]:
    # Digests: of one length, and people type passwords where a name belongs.
    texts = [f"account {name}"] if address is None else [f"account {name}", f"address {address}"]
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in texts)
    return [LOGINS_KEY.format(whose=digest) for digest in digests]
