"""Accounts: who may call, and what they may do. They live in Redis."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import redis

from gateway.identity.account import Account, from_record, new_number, to_record
from gateway.identity.passwords import Passwords
from gateway.identity.scopes import SCOPES as SCOPES
from gateway.identity.scopes import allows as allows
from gateway.identity.scopes import check_scopes
from tasks.errors import Conflict, InvalidField, NotFound, Unauthenticated
from tasks.redis_keys import ACCOUNTS_CHANNEL, QUOTA_KEY, REVOKED_KEY, TOKEN_CHANGE, UNFINISHED_KEY, USER_KEY, USERS_KEY
from tasks.storage.redis_clock import redis_time

#: What an account may be called.
NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
#: What the names of callers with a token of the outside issuer begin with; no name of ours does.
OUTSIDE: Final = "oidc:"
#: What follows it: what that issuer calls them.
OUTSIDE_NAME: Final = re.compile(r"[\x21-\x7e]{1,200}")
#: How many accounts are read together.
PAGE: Final = 1000
#: Least length of a password, in characters.
PASSWORD_LENGTH: Final = 8
#: A revoked token is remembered so much longer than it lasts (seconds): should the clock run ahead for a while and be
#: put right, the token would be good again, and what was remembered of it gone.
REVOKED_MARGIN_SECONDS: Final = 86400
#: Greatest length of a password, in characters, so that a login stays cheap to refuse.
PASSWORD_LIMIT: Final = 1024


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

    def add(
        self,
        name: str,
        *,
        password: str | None,
        scopes: Iterable[str],
        limits: Mapping[str, int | None] | None = None,
    ) -> Account:
        """Make an account; without a password for a caller of the outside issuer, whose name begins with `oidc:`.

        Raises InvalidField for a name, password, scope or limit that cannot be used, Conflict if the name is taken.
        """
        granted = frozenset(scopes)
        _check(name, password)
        check_scopes(granted)
        limited = _limit_fields(limits or {})
        hashed = self._passwords.hash(password) if password is not None else ""
        outside = name.startswith(OUTSIDE)
        account = Account(name, granted, self._clock(), password=hashed, series=new_number())
        if not outside:
            account = replace(account, id=new_number(), owns_since=redis_time(self._redis))

        def write(pipe: Any) -> None:
            if pipe.exists(_key(name)):
                raise Conflict(f"the account {name!r} exists already; remove it first or take another name")
            pipe.multi()
            pipe.hset(_key(name), mapping=to_record(account) | limited)
            pipe.sadd(USERS_KEY, name)
            if not outside:
                # What is left of an account that had this name.
                pipe.hdel(UNFINISHED_KEY, name)
                pipe.delete(QUOTA_KEY.format(name=name))
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

    def change(
        self,
        name: str,
        *,
        password: str | None = None,
        scopes: Iterable[str] | None = None,
        disabled: bool | None = None,
        limits: Mapping[str, int | None] | None = None,
    ) -> None:
        """Change what is given, all of it or nothing.

        Another password ends the account's tokens. It has these scopes then and no others; tokens keep what both have.
        While it is disabled its password and tokens are refused. Limits of its quota are set by the names of Quota's
        fields, 0: any amount, None: as the settings say; those that are not named stay. Raises InvalidField, NotFound.
        """
        fields = _limit_fields(limits or {})
        if scopes is not None:
            granted = frozenset(scopes)
            check_scopes(granted)
            fields["scopes"] = " ".join(sorted(granted))
        if disabled is not None:
            fields["disabled"] = "1" if disabled else "0"
        if password is not None:
            if name.startswith(OUTSIDE):
                raise InvalidField(f"{name!r} has no password here: its issuer knows it").at("/password")
            _check(name, password)
            fields |= {"password": self._passwords.hash(password), "series": new_number()}
        self._change(name, fields)

    def end_tokens(self, name: str) -> None:
        """Refuse all tokens that the account has now, those of the outside issuer too. Raises NotFound."""
        if name.startswith(OUTSIDE):
            self._change(name, {"tokens_since": str(math.ceil(self._clock()))})
        else:
            self._change(name, {"series": new_number()})

    def has_any(self) -> bool:
        """Whether there is one."""
        count: Any = self._redis.scard(USERS_KEY)
        return bool(count)

    def names(self) -> list[str]:
        """The names of all accounts, sorted."""
        members: Any = self._redis.smembers(USERS_KEY)
        return sorted(_text(member) for member in members)

    def get(self, name: str) -> Account | None:
        """The account of this name, or None."""
        record: Any = self._redis.hgetall(_key(name))
        return _account(name, record)

    def known(self, name: str) -> Account:
        """The account of this name. Raises NotFound."""
        account = self.get(name)
        if account is None:
            raise _unknown(name)
        return account

    def several(self, names: Sequence[str]) -> list[Account | None]:
        """The accounts of these names, each or None."""
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hgetall(_key(name))
            return [_account(name, record) for name, record in zip(names, pipe.execute(), strict=True)]

    def all(self) -> Iterator[Account]:
        """All accounts, by name, without those that are removed meanwhile."""
        names = self.names()
        for page in (names[start : start + PAGE] for start in range(0, len(names), PAGE)):
            yield from filter(None, self.several(page))

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
            self._change(name, {"password": self._passwords.hash(password)})
        return account

    def revoke_token(self, token_id: str, *, until: float | None) -> None:
        """Refuse the token with this id, which ends by itself at that time; None: nobody knows when."""
        life = None if until is None else max(1, math.ceil(until - self._clock())) + REVOKED_MARGIN_SECONDS
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.set(REVOKED_KEY.format(token=token_id), "1", ex=life)
            pipe.publish(ACCOUNTS_CHANNEL, TOKEN_CHANGE.format(token=token_id))
            pipe.execute()

    def is_revoked(self, token_id: str) -> bool:
        """True if the token with this id was revoked."""
        return bool(self._redis.exists(REVOKED_KEY.format(token=token_id)))

    def _change(self, name: str, fields: Mapping[str, str]) -> None:
        def write(pipe: Any) -> None:
            # Without this look a change could bring half of a removed account back.
            if not pipe.exists(_key(name)):
                raise _unknown(name)
            pipe.multi()
            pipe.hset(_key(name), mapping=dict(fields))
            pipe.publish(ACCOUNTS_CHANNEL, name)

        self._redis.transaction(write, _key(name))


def _check(name: str, password: str | None) -> None:
    if name.startswith(OUTSIDE):
        if not OUTSIDE_NAME.fullmatch(name.removeprefix(OUTSIDE)):
            raise InvalidField(f"{name[:80]!r} cannot be a name: {OUTSIDE} and 1 to 200 ASCII characters").at("/name")
        if password is not None:
            raise InvalidField(f"{name!r} has no password here: its issuer knows it").at("/password")
        return
    if not NAME.fullmatch(name):
        raise InvalidField(
            f"the account name {name[:80]!r} cannot be used; take 1 to 64 ASCII letters, digits, '.', '_' and '-'"
        ).at("/name")
    if password is None:
        raise InvalidField(f"an account needs a password, unless its name begins with {OUTSIDE}").at("/password")
    if not PASSWORD_LENGTH <= len(password) <= PASSWORD_LIMIT:
        raise InvalidField(f"the password must have {PASSWORD_LENGTH} to {PASSWORD_LIMIT} characters").at("/password")


def _limit_fields(limits: Mapping[str, int | None]) -> dict[str, str]:
    """The fields of a record that say these limits. Raises InvalidField."""
    for limit, value in limits.items():
        if value is not None and not 0 <= value < 2**40:
            raise InvalidField(f"{limit} must be a whole number from 0, not {value}").at(f"/limits/{limit}")
    return {limit: "" if value is None else str(value) for limit, value in limits.items()}


def _unknown(name: str) -> NotFound:
    return NotFound(f"there is no account {name[:80]!r}; `mlservice user list` lists them")


def _key(name: str) -> str:
    return USER_KEY.format(name=name)


def _account(name: str, record: Mapping[bytes | str, bytes | str]) -> Account | None:
    """The account that is kept so; None for none."""
    return from_record(name, {_text(key): _text(value) for key, value in record.items()}) if record else None


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode()
