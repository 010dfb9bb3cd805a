"""Logins that fail make the next ones wait: by account and address together, by address, and by account.

Whoever fails is who waits: a stranger who knows a name and tries passwords is paused at his address, and its owner logs
in from another one. Only guesses from many addresses fill the account's own bound, which then slows all but those from
which the right password came not long ago.

The counters are in Redis, so all gateway processes know of them. An attempt counts as failed from its start until it
succeeds, so that many at the same time are no way around it. Names that no account has are counted as any other.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable
from typing import Any, Final

import redis

from tasks.redis_keys import LOGINS_KEY
from tasks.storage.scripts import register

#: Failures without a pause: of an account from one address; of an address, behind which there may be many people; of an
#: account from everywhere.
FREE_PAIR: Final = 8
FREE_ADDRESS: Final = 40
FREE_ACCOUNT: Final = 100
#: The first pause; each further failure doubles it, up to the longest (seconds).
FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
#: A counter is forgotten so long after the last attempt (seconds).
LIFE_SECONDS: Final = 900
#: In so many seconds one failure is taken off an account's own counter, whatever happens. Less than LONGEST_SECONDS, so
#: that one address, however long it tries, does not get beyond its first few failures there.
DRAIN_SECONDS: Final = 30
#: An address from which an account's password came counts as its owner's for so long (seconds): 30 days.
KNOWN_SECONDS: Final = 30 * 86400


class LoginThrottle:
    """The attempts to log in, in one Redis. Every method blocks."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        free_pair: int = FREE_PAIR,
        free_account: int = FREE_ACCOUNT,
        free_address: int = FREE_ADDRESS,
        clock: Callable[[], float] | None = None,
    ) -> None:
        """By the clock of Redis, which all gateways share, unless one is given."""
        self._begin = register(client, "gateway/identity/lua/begin_login.lua")
        self._succeed = register(client, "gateway/identity/lua/succeed_login.lua")
        # What is forgotten of an account is what was taken off, or waiting would be quicker than being slowed.
        account_life = (free_account + 10) * DRAIN_SECONDS
        self._bounds = (
            *(free_pair, 0, LIFE_SECONDS),
            *(free_account, DRAIN_SECONDS, account_life),
            *(free_address, 0, LIFE_SECONDS),
        )
        self._clock = clock

    def begin(self, name: str, address: str | None) -> float:
        """Seconds until an attempt may be made; 0: it may be made now, and is counted as failed until `succeed`."""
        now = "" if self._clock is None else f"{self._clock():.3f}"
        args: list[Any] = [now, FIRST_SECONDS, LONGEST_SECONDS, *self._bounds]
        milliseconds: Any = self._begin(keys=_keys(name, address), args=args)
        return float(milliseconds) / 1000

    def succeed(self, name: str, address: str | None) -> None:
        """The attempt had the right password."""
        self._succeed(keys=_keys(name, address), args=[KNOWN_SECONDS])


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
    texts = [f"known {address} {name}", f"pair {address} {name}", f"account {name}"]
    if address is not None:
        texts.append(f"address {address}")
    # Digests: of one length, and people type passwords where a name belongs.
    digests = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32] for text in texts)
    return [LOGINS_KEY.format(whose=digest) for digest in digests]
