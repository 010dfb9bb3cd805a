"""Logins that are remembered for a while: a page with its scripts sends the same password many times."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from gateway.identity.account import Account
from tasks.redis_keys import EVERYTHING_CHANGED

#: Seconds after which a password is checked again, should the word of its account's change be lost.
REMEMBERED_SECONDS: Final = 30
#: Most logins that are remembered.
MOST: Final = 1024


class Login(Protocol):
    """The account of an `Authorization` header that came from an address; raises ServiceError."""

    def __call__(self, header: str | None, *, address: str | None = None) -> Awaitable[Account]:
        """Check it."""


class RememberedLogins:
    """A login that checks the same right credentials once, until their account changes. Wrong ones every time."""

    def __init__(self, login: Login, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._login = login
        self._clock = clock
        # Credentials are kept as digests only this process can make.
        self._secret = os.urandom(32)
        self._known: dict[bytes, tuple[Account, float]] = {}
        self._changes = 0
        self._changing = threading.Lock()

    async def account(self, header: str | None, *, address: str | None = None) -> Account:
        """The account whose HTTP Basic credentials these are. Raises what the login raises."""
        key = hashlib.blake2b((header or "").encode(), key=self._secret).digest()
        known = self._known.get(key)
        if known is not None and self._clock() < known[1]:
            return known[0]
        # A check that began before the account changed must not be remembered.
        changes = self._changes
        account = await self._login(header, address=address)
        with self._changing:
            if changes == self._changes:
                while len(self._known) >= MOST:
                    del self._known[next(iter(self._known))]
                self._known[key] = account, self._clock() + REMEMBERED_SECONDS
        return account

    def forget(self, name: str) -> None:
        """Drop what is remembered of an account, or all, as ACCOUNTS_CHANNEL says. May be called from any thread."""
        with self._changing:
            self._changes += 1
            for key in [key for key, (account, _) in self._known.items() if name in (account.name, EVERYTHING_CHANGED)]:
                del self._known[key]
