"""What the gateway tells NGINX of a caller."""

from __future__ import annotations

import base64

import falcon.asgi
import pytest
import redis
from falcon.testing import Result, TestClient

from gateway.accounts import Accounts
from gateway.attempts import Attempts
from gateway.auth import Authenticator
from gateway.callers import Callers
from gateway.entrance import CHALLENGE, Entrance
from gateway.errors import install
from gateway.keys import Keys
from gateway.logins import RememberedLogins
from gateway.passwords import Passwords
from gateway.quotas import Quota, Quotas, Verdict
from gateway.resources.authorize import AuthorizeBodyResource, AuthorizeResource
from gateway.resources.tokens import TokenResource
from gateway.scopes import SCOPES
from gateway.tokens import Tokens

PASSWORD = "correct horse"


class UsedUp(Quotas):
    """Of every quota nothing is left."""

    def __init__(self) -> None:
        """Nothing is connected."""

    async def charge(self, name: str, quota: Quota, *, body_bytes: int, estimates: bool = False) -> Verdict:
        return Verdict(wait_seconds=1, reached=f"{name}: {quota}", policy="", remaining="")


class Door:
    """An app with the one route, and accounts."""

    def __init__(self, client: redis.Redis, quotas: Quotas | None = None) -> None:
        self.accounts = Accounts(client, passwords=Passwords(memory_kib=64, passes=1))
        self.tokens = Tokens(Keys(shared="k" * 32), life_seconds=60)
        callers = Callers(self.accounts, self.tokens, quota=Quota(requests_per_second=1))
        authenticator = Authenticator(callers, quotas=quotas)
        self.logins = RememberedLogins(TokenResource(self.accounts, self.tokens, Attempts(client)).login)
        app = falcon.asgi.App(middleware=[authenticator])
        install(app)
        app.add_route("/internal/authorize", AuthorizeResource(Entrance(authenticator, self.logins)))
        app.add_route("/internal/authorize/body", AuthorizeBodyResource(authenticator))
        self._client = TestClient(app)

    def ask(
        self, authorization: str | None, query: str = "scope=monitor", *, path: str = "/internal/authorize"
    ) -> Result:
        headers = {} if authorization is None else {"Authorization": authorization}
        result = self._client.simulate_get(path, query_string=query, headers=headers)
        assert isinstance(result, Result)
        return result

    def ask_body(self, authorization: str | None, query: str = "scope=estimate&model=m") -> Result:
        return self.ask(authorization, query, path="/internal/authorize/body")

    def add(self, *scopes: str) -> tuple[str, str]:
        """The two headers of a new account."""
        self.accounts.add("ann", password=PASSWORD, scopes=scopes)
        return basic(f"ann:{PASSWORD}"), f"Bearer {self.tokens.issue('ann', scopes).access_token}"


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


@pytest.fixture
def door(redis_client: redis.Redis) -> Door:
    return Door(redis_client)


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("needed", ["monitor", "admin"])
def test_the_scope_decides(door: Door, held: str, needed: str) -> None:
    expected = 204 if held in (needed, "admin") else 403
    for header in door.add(held):
        assert door.ask(header, f"scope={needed}").status_code == expected


@pytest.mark.parametrize("header", [None, "", "Basic", "Basic !!!", "Digest x", basic("ann:wrong"), basic("nobody:x")])
def test_who_is_unknown_is_asked_for_a_password(door: Door, header: str | None) -> None:
    door.add("admin")
    result = door.ask(header)
    assert result.status_code == 401
    assert result.headers["www-authenticate"] == CHALLENGE


@pytest.mark.parametrize("token", ["", "x", "a.b.c"])
def test_a_bad_token_is_refused_as_everywhere(door: Door, token: str) -> None:
    result = door.ask(f"Bearer {token}")
    assert result.status_code == 401
    assert result.headers["www-authenticate"].startswith('Bearer realm="mlservice", error="invalid_token"')


@pytest.mark.parametrize("query", ["", "scope=", "scope=fly", "scope=monitor,admin"])
def test_a_scope_that_does_not_exist_is_nobodys(door: Door, query: str) -> None:
    header, _ = door.add("admin")
    assert door.ask(header, query).status_code == 422


def test_a_removed_account_is_out_once_it_is_told(door: Door) -> None:
    header, _ = door.add("monitor")
    assert door.ask(header).status_code == 204
    door.accounts.remove("ann")
    door.logins.forget("ann")
    assert door.ask(header).status_code == 401


@pytest.mark.parametrize(
    ("held", "query", "status"),
    [
        ("estimate", "scope=estimate&model=m", 204),
        ("estimate:m", "scope=estimate&model=m", 204),
        ("admin", "scope=train&model=m", 204),
        ("estimate", "scope=estimate&model=", 204),
        ("estimate", "scope=train&model=m", 403),
        ("estimate:m", "scope=estimate&model=other", 403),
        ("estimate:m", "scope=estimate&model=", 403),
        ("monitor", "scope=estimate&model=m", 403),
        ("admin", "scope=fly&model=m", 422),
    ],
)
def test_a_body_is_taken_of_who_may_submit_it(door: Door, held: str, query: str, status: int) -> None:
    _, token = door.add(held)
    result = door.ask_body(token, query)
    assert result.status_code == status
    assert ("x-account" in result.headers) == (status == 204)
    if status == 403:
        assert 'error="insufficient_scope"' in result.headers["www-authenticate"]


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", "Digest x"])
def test_no_body_is_taken_of_a_stranger(door: Door, header: str | None) -> None:
    door.add("admin")
    result = door.ask_body(header)
    assert result.status_code == 401
    assert result.headers["www-authenticate"].startswith("Bearer ")


def test_a_password_sends_no_bodies_and_is_not_tried(door: Door) -> None:
    password, _ = door.add("admin")
    assert door.ask_body(password).status_code == 401


def test_bodies_are_counted_by_account(door: Door) -> None:
    _, token = door.add("admin")
    another = f"Bearer {door.tokens.issue('ann', ('admin',)).access_token}"
    door.accounts.add("bob", password=PASSWORD, scopes=("admin",))
    of_bob = f"Bearer {door.tokens.issue('bob', ('admin',)).access_token}"
    first, second, third = (door.ask_body(each).headers["x-account"] for each in (token, another, of_bob))
    assert first == second != third
    assert "ann" not in first


def test_a_question_costs_nothing_of_a_quota(redis_client: redis.Redis) -> None:
    door = Door(redis_client, UsedUp())
    _, token = door.add("estimate", "monitor")
    assert door.ask(token).status_code == 429
    assert door.ask_body(token).status_code == 204
