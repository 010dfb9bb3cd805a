"""Accounts: who may call, and what they may do. They live in Redis."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import redis

from gateway.passwords import Passwords
from tasks.contract import ACCOUNTS_CHANNEL, USER_KEY, USERS_KEY
from tasks.errors import Conflict, InvalidField, NotFound, Unauthenticated

#: What an account may be allowed to do. `admin` allows everything.
SCOPES: Final = ("init", "train", "estimate", "tasks:read", "models:write", "monitor", "admin")
#: What an account may be called.
NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: Least length of a password, in characters.
PASSWORD_LENGTH: Final = 8
#: Greatest length of a password, in characters, so that a login stays cheap to refuse.
PASSWORD_LIMIT: Final = 1024


@dataclass(frozen=True)
class Account:
    """One account as it is kept. `created_at` is seconds since the epoch."""

    name: str
    scopes: frozenset[str]
    created_at: float
    disabled: bool = False
    password: str = field(default="", repr=False)


def allows(scopes: Collection[str], needed: str | None) -> bool:
    """True if these scopes cover the one that is needed; None needs an account and no scope."""
    return needed is None or needed in scopes or "admin" in scopes


class Accounts:
    """The accounts in one Redis. Every method blocks; each change is told on `ACCOUNTS_CHANNEL`, by name."""

    def __init__(
        self,
        client: redis.Redis,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._redis = client
        self._passwords = passwords or Passwords()
        self._clock = clock

    def add(self, name: str, *, password: str, scopes: Iterable[str]) -> Account:
        """Make an account.

        Raises InvalidField for a name, password or scope that cannot be used, and Conflict if the name is taken.
        """
        granted = frozenset(scopes)
        _check(name, password, granted)
        account = Account(name, granted, self._clock(), password=self._passwords.hash(password))

        def write(pipe: Any) -> None:
            if pipe.exists(_key(name)):
                raise Conflict(f"the account {name!r} exists already; remove it first or take another name")
            pipe.multi()
            pipe.hset(_key(name), mapping=_record(account))
            pipe.sadd(USERS_KEY, name)
            pipe.publish(ACCOUNTS_CHANNEL, name)

        self._redis.transaction(write, _key(name))
        return account

    def remove(self, name: str) -> None:
        """End an account; its tokens are refused from now on. Raises NotFound if there is none of this name."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(_key(name))
            pipe.srem(USERS_KEY, name)
            pipe.publish(ACCOUNTS_CHANNEL, name)
            if not pipe.execute()[0]:
                raise _unknown(name)

    def disable(self, name: str) -> None:
        """Refuse the account's password and tokens until `enable`. Raises NotFound."""
        self._change(name, "disabled", "1")

    def enable(self, name: str) -> None:
        """Take back `disable`. Raises NotFound."""
        self._change(name, "disabled", "0")

    def names(self) -> list[str]:
        """The names of all accounts, sorted."""
        members: Any = self._redis.smembers(USERS_KEY)
        return sorted(_text(member) for member in members)

    def get(self, name: str) -> Account | None:
        """The account of this name, or None."""
        record: Any = self._redis.hgetall(_key(name))
        if not record:
            return None
        kept = {_text(key): _text(value) for key, value in record.items()}
        return Account(
            name,
            frozenset(kept.get("scopes", "").split()),
            float(kept.get("created_at", "0")),
            kept.get("disabled") == "1",
            kept.get("password", ""),
        )

    def verify(self, name: str, password: str) -> Account:
        """The account whose name and password these are.

        Raises Unauthenticated, after the same time and with the same message for an unknown name, a wrong password
        and a disabled account.
        """
        account = self.get(name) if NAME.fullmatch(name) else None
        hashed = account.password if account else self._passwords.nobody
        matches = len(password) <= PASSWORD_LIMIT and self._passwords.matches(hashed, password)
        if account is None or account.disabled or not matches:
            raise Unauthenticated("the name or the password is wrong")
        if self._passwords.outdated(hashed):
            self._change(name, "password", self._passwords.hash(password))
        return account

    def _change(self, name: str, key: str, value: str) -> None:
        def write(pipe: Any) -> None:
            # Without this look a change could bring half of a removed account back.
            if not pipe.exists(_key(name)):
                raise _unknown(name)
            pipe.multi()
            pipe.hset(_key(name), key, value)
            pipe.publish(ACCOUNTS_CHANNEL, name)

        self._redis.transaction(write, _key(name))


def _check(name: str, password: str, scopes: frozenset[str]) -> None:
    if not NAME.fullmatch(name):
        raise InvalidField(
            f"the account name {name[:80]!r} cannot be used; take 1 to 64 ASCII letters, digits, '.', '_' and '-'"
        ).at("/name")
    if not PASSWORD_LENGTH <= len(password) <= PASSWORD_LIMIT:
        raise InvalidField(f"the password must have {PASSWORD_LENGTH} to {PASSWORD_LIMIT} characters").at("/password")
    unknown = sorted(scopes.difference(SCOPES))
    if unknown:
        raise InvalidField(f"there is no scope {unknown[0][:80]!r}; the scopes are {', '.join(SCOPES)}").at("/scopes")
    if not scopes:
        raise InvalidField(f"an account needs at least one scope of {', '.join(SCOPES)}").at("/scopes")


def _record(account: Account) -> dict[str, str]:
    return {
        "password": account.password,
        "scopes": " ".join(sorted(account.scopes)),
        "created_at": repr(account.created_at),
        "disabled": "0",
    }


def _unknown(name: str) -> NotFound:
    return NotFound(f"there is no account {name[:80]!r}")


def _key(name: str) -> str:
    return USER_KEY.format(name=name)


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
