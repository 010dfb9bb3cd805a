"""Logins that are remembered."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from gateway.identity.account import Account
from gateway.identity.logins import MOST, REMEMBERED_SECONDS, RememberedLogins
from tasks.errors import Unauthenticated
from tasks.redis_keys import EVERYTHING_CHANGED


class Door:
    """A login that knows one password, and counts."""

    def __init__(self) -> None:
        self.checked = 0
        self.password = "right"
        self.meanwhile: Callable[[], None] = lambda: None
        self.now = 0.0

    async def login(self, header: str | None, *, address: str | None = None) -> Account:
        self.checked += 1
        self.meanwhile()
        name, _, password = (header or "").partition(":")
        if password != self.password:
            raise Unauthenticated("wrong")
        return Account(name, frozenset({"monitor"}), 0.0)


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def logins(door: Door) -> RememberedLogins:
    return RememberedLogins(door.login, clock=lambda: door.now)


def ask(logins: RememberedLogins, header: str | None = "ann:right") -> Account:
    return asyncio.run(logins.account(header))


def test_the_same_credentials_are_checked_once(door: Door, logins: RememberedLogins) -> None:
    assert ask(logins) is ask(logins)
    assert door.checked == 1
    assert ask(logins, "bob:right").name == "bob"
    assert door.checked == 2


@pytest.mark.parametrize("header", ["ann:wrong", "", None])
def test_wrong_credentials_are_checked_each_time(door: Door, logins: RememberedLogins, header: str | None) -> None:
    ask(logins)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            ask(logins, header)
    assert door.checked == 3


def test_a_login_is_checked_again_after_a_while(door: Door, logins: RememberedLogins) -> None:
    ask(logins)
    door.password = "new"
    door.now += REMEMBERED_SECONDS - 1
    ask(logins)
    door.now += 1
    with pytest.raises(Unauthenticated):
        ask(logins)


def test_a_change_of_the_account_counts_at_once(door: Door, logins: RememberedLogins) -> None:
    ask(logins)
    ask(logins, "bob:right")
    door.password = "new"
    logins.forget("ann")
    with pytest.raises(Unauthenticated):
        ask(logins)
    assert ask(logins, "bob:right").name == "bob"


def test_where_everything_may_have_changed_all_is_checked_again(door: Door, logins: RememberedLogins) -> None:
    ask(logins)
    logins.forget(EVERYTHING_CHANGED)
    ask(logins)
    assert door.checked == 2


def test_a_change_during_the_check_is_not_missed(door: Door, logins: RememberedLogins) -> None:
    door.meanwhile = lambda: logins.forget("ann")
    ask(logins)
    ask(logins)
    assert door.checked == 2


def test_the_memory_is_bounded(door: Door, logins: RememberedLogins) -> None:
    for number in range(MOST + 1):
        ask(logins, f"a{number}:right")
    ask(logins, f"a{MOST}:right")
    assert door.checked == MOST + 1
    ask(logins, "a0:right")
    assert door.checked == MOST + 2
