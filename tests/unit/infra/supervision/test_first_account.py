"""The first account, and the file with its password."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import redis

from gateway.identity.accounts import Accounts
from gateway.identity.links import Links
from infra.host.address import Address
from infra.host.home import Home
from infra.supervision.first_account import add_first_account
from infra.supervision.greeting import greeting
from tasks.errors import Unauthenticated
from tests.commands import said
from tests.servers import Valkey

HERE = Address(host="127.0.0.1", port=1)


class Place:
    """A home, a Redis, and no service."""

    def __init__(self, home: Home, client: redis.Redis) -> None:
        self.home = home
        self.accounts = Accounts(client)

    def start(self) -> str:
        """What `mlservice up` does about it, and the line that it then shows."""
        add_first_account(os.environ)
        (line,) = (line for line in greeting(HERE, os.environ).splitlines() if "account" in line)
        return line

    def user(self, *arguments: str, text: str = "") -> str:
        return said("user", *arguments, home=self.home, text=text)


@pytest.fixture
def place(valkey_server: Valkey, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    home = Home(tmp_path)
    home.prepare()
    monkeypatch.setenv("MLSERVICE_HOME", str(home.root))
    monkeypatch.setenv("REDIS_URL", valkey_server.redis_url)
    return Place(home, redis_client)


def test_the_file_has_the_password_until_that_is_another(place: Place) -> None:
    for _ in range(2):
        assert str(place.home.admin_password) in place.start()
        assert place.accounts.verify("admin", place.home.first_password())
    printed = place.user("passwd", "admin", "--password-stdin", text="a password of mine\n")
    assert printed == f"removed {place.home.admin_password}, which had its first password\n"
    assert "its password is in" not in place.start()
    assert not place.home.admin_password.exists()
    assert place.accounts.verify("admin", "a password of mine")


def test_other_accounts_leave_the_file_alone(place: Place) -> None:
    place.start()
    assert place.user("add", "ada", "--password-stdin", text="correct horse\n") == ""
    assert place.user("passwd", "ada", "--password-stdin", text="another horse\n") == ""
    assert place.user("remove", "ada") == ""
    assert place.home.admin_password.exists()
    place.user("remove", "admin")
    assert not place.home.admin_password.exists()
    # Now there is no account at all.
    assert str(place.home.admin_password) in place.start()


def test_where_there_are_accounts_already_no_file_says_otherwise(place: Place) -> None:
    place.accounts.add("ada", password="correct horse", scopes=["admin"])
    assert "`mlservice user list` names them" in place.start()
    assert not place.home.admin_password.exists()
    with pytest.raises(Unauthenticated):
        place.accounts.verify("admin", "")


def test_a_link_signs_the_first_account_in(place: Place) -> None:
    links = Links(place.accounts._redis)
    add_first_account(os.environ, code="a code")
    (line,) = (line for line in greeting(HERE, os.environ, code="a code").splitlines() if "sign in" in line)
    assert "http://127.0.0.1:1/#/enter/a code " in line
    assert (links.take("a code"), links.take("a code")) == ("admin", None)
    place.user("remove", "admin")
    place.accounts.add("ada", password="correct horse", scopes=["admin"])
    add_first_account(os.environ, code="another")
    assert "sign in" not in greeting(HERE, os.environ, code="another")
    assert links.take("another") is None
