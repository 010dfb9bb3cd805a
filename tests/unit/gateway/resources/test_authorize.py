"""What the gateway tells NGINX of a caller."""

from __future__ import annotations

import base64
import time

import falcon.asgi
import pytest
import redis
from falcon.testing import Result, TestClient

from gateway.identity.accounts import Accounts
from gateway.identity.auth import Authenticator
from gateway.identity.callers import Callers
from gateway.identity.entrance import CHALLENGE, Entrance
from gateway.identity.keys import Keys
from gateway.identity.links import Links
from gateway.identity.login_throttle import LoginThrottle
from gateway.identity.logins import RememberedLogins
from gateway.identity.passwords import Passwords
from gateway.identity.quotas import Quota, Quotas, Verdict
from gateway.identity.scopes import SCOPES
from gateway.identity.session import COOKIE, PAGE
from gateway.identity.tokens import Tokens
from gateway.resources.authorize import AuthorizeBodyResource, AuthorizeResource
from gateway.resources.session import SessionResource
from gateway.resources.tokens import TokenResource
from gateway.web.errors import install
from tasks.redis_keys import TOKEN_CHANGE

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
        self.now = time.time()
        self.tokens = Tokens(Keys(shared="k" * 32), life_seconds=60, clock=lambda: self.now)
        quota = Quota(requests_per_second=1)
        self.callers = Callers(self.accounts, self.tokens, quota=quota, clock=lambda: self.now)
        authenticator = Authenticator(self.callers, quotas=quotas)
        login = TokenResource(self.accounts, self.tokens, LoginThrottle(client)).login
        self.logins, self.links = RememberedLogins(login), Links(client)
        app = falcon.asgi.App(middleware=[authenticator])
        install(app)
        app.add_route("/internal/authorize", AuthorizeResource(Entrance(authenticator, self.logins)))
        app.add_route("/internal/authorize/body", AuthorizeBodyResource(authenticator))
        app.add_route("/v1/session", SessionResource(self.accounts, self.tokens, self.links, login, most_bytes=9))
        self.client = TestClient(app)

    def ask(
        self,
        authorization: str | None,
        query: str = "scope=monitor",
        *,
        path: str = "/internal/authorize",
        passed: str | None = None,
        **headers: str,
    ) -> Result:
        """What is said of a caller with this header, and with this cookie."""
        if authorization is not None:
            headers["Authorization"] = authorization
        cookies = {COOKIE: passed} if passed is not None else {}
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        result = self.client.simulate_get(path, query_string=query, headers=headers, cookies=cookies)
        assert isinstance(result, Result)
        return result

    def ask_body(self, authorization: str | None, query: str = "scope=estimate&model=m", **options: str) -> Result:
        return self.ask(authorization, query, path="/internal/authorize/body", **options)

    def open(
        self,
        authorization: str | None = None,
        *,
        method: str = "POST",
        body: object = None,
        passed: str | None = None,
        **headers: str,
    ) -> Result:
        """The answer that sets the cookie, to one of our pages; or that says whose it is."""
        headers = {PAGE: "1", **{name.replace("_", "-"): value for name, value in headers.items()}}
        if authorization is not None:
            headers["Authorization"] = authorization
        cookies = {COOKIE: passed} if passed is not None else {}
        result = self.client.simulate_request(method, "/v1/session", headers=headers, cookies=cookies, json=body)
        assert isinstance(result, Result)
        return result

    def passed(self, bearer: str) -> str:
        """The cookie for this token."""
        answer = self.open(bearer)
        assert answer.status_code == 200
        return str(answer.cookies[COOKIE].value)

    def add(self, *scopes: str) -> tuple[str, str]:
        """The two headers of a new account."""
        self.accounts.add("ann", password=PASSWORD, scopes=scopes)
        return basic(f"ann:{PASSWORD}"), self.bearer("ann", *scopes)

    def bearer(self, name: str, *scopes: str) -> str:
        """The header of another token of an account."""
        account = self.accounts.get(name)
        assert account is not None
        return f"Bearer {self.tokens.issue(name, scopes, series=account.series).access_token}"


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
    another = door.bearer("ann", "admin")
    door.accounts.add("bob", password=PASSWORD, scopes=("admin",))
    of_bob = door.bearer("bob", "admin")
    first, second, third = (door.ask_body(each).headers["x-account"] for each in (token, another, of_bob))
    assert first == second != third
    assert "ann" not in first


def test_a_question_costs_nothing_of_a_quota(redis_client: redis.Redis) -> None:
    door = Door(redis_client, UsedUp())
    _, token = door.add("estimate", "monitor")
    # NGINX would make a 500 of a 429.
    refused = door.ask(token)
    assert refused.status_code == 403
    assert "has used its quota" in refused.json["detail"]
    assert door.ask_body(token).status_code == 204


@pytest.mark.parametrize("held", SCOPES)
@pytest.mark.parametrize("needed", ["monitor", "admin"])
def test_the_cookie_opens_what_its_token_does(door: Door, held: str, needed: str) -> None:
    _, bearer = door.add(held)
    expected = 204 if held in (needed, "admin") else 403
    assert door.ask(None, f"scope={needed}", passed=door.passed(bearer)).status_code == expected


def test_the_cookie_is_no_token(door: Door) -> None:
    _, bearer = door.add("admin")
    cookie = door.open(bearer).cookies[COOKIE]
    assert (cookie.path, cookie.http_only, cookie.same_site, cookie.secure) == ("/", True, "Strict", False)
    assert (cookie.max_age, cookie.expires) == (None, None)
    assert door.open(bearer, X_Forwarded_Proto="https").cookies[COOKIE].secure
    # Also once it is known at the door.
    assert door.ask(None, passed=cookie.value).status_code == 204
    assert door.open(f"Bearer {cookie.value}").status_code == 401
    assert door.ask(f"Bearer {cookie.value}").status_code == 401
    # A token that a page could not have is no cookie.
    assert door.ask(None, passed=bearer.removeprefix("Bearer ")).status_code == 401


@pytest.mark.parametrize("end", ["revoke", "remove", "disable", "password", "scopes", "time"])
def test_the_cookie_ends_with_its_token(door: Door, end: str) -> None:
    _, bearer = door.add("monitor")
    passed = door.passed(bearer)
    assert door.ask(None, passed=passed).status_code == 204
    match end:
        case "revoke":
            token_id = door.tokens.verify(bearer.removeprefix("Bearer ")).token_id
            door.accounts.revoke_token(token_id, until=door.now + 60)
            door.callers.forget(TOKEN_CHANGE.format(token=token_id))
        case "remove":
            door.accounts.remove("ann")
        case "disable":
            door.accounts.change("ann", disabled=True)
        case "password":
            door.accounts.change("ann", password="another one")
        case "scopes":
            door.accounts.change("ann", scopes=["estimate"])
        case "time":
            door.now += 61
    door.callers.forget("ann")
    answer = door.ask(None, passed=passed)
    assert answer.status_code == (403 if end == "scopes" else 401)
    # The browser is not to ask for a password.
    assert "Basic" not in answer.headers["www-authenticate"]


@pytest.mark.parametrize("passed", ["", "x", "a.b.c"])
def test_a_bad_cookie_opens_nothing_and_hinders_nobody(door: Door, passed: str) -> None:
    basic_header, bearer = door.add("monitor")
    assert door.ask(None, passed=passed).status_code == 401
    assert door.ask(basic_header, passed=passed).status_code == 204
    assert door.ask(bearer, passed=passed).status_code == 204
    assert door.ask(basic("ann:wrong"), passed=passed).headers["www-authenticate"] == CHALLENGE


def test_a_script_of_a_page_does_not_have_a_password_asked_for(door: Door) -> None:
    assert "Basic" not in door.ask(None, Sec_Fetch_Dest="empty").headers["www-authenticate"]
    assert door.ask(None, Sec_Fetch_Dest="document").headers["www-authenticate"] == CHALLENGE


def test_our_pages_are_signed_in_by_a_password(door: Door) -> None:
    password, _ = door.add("estimate", "tasks:read")
    answer = door.open(password)
    assert answer.json == answer.json | {"name": "ann", "scopes": ["estimate", "tasks:read"]}
    assert answer.headers["cache-control"] == "no-store"
    passed = answer.cookies[COOKIE].value
    assert door.open(method="GET", passed=passed).json == answer.json
    assert door.open(basic("ann:wrong")).status_code == 401
    # A browser that saw a challenge of Basic would ask for a password by itself.
    assert "Basic" not in door.open(basic("ann:wrong")).headers["www-authenticate"]


def test_nobody_else_speaks_in_the_name_of_the_cookie(door: Door) -> None:
    password, bearer = door.add("admin")
    passed = door.passed(bearer)
    asked = {"Host": "falconframework.org", "Cookie": f"{COOKIE}={passed}"}
    answer = door.client.simulate_get("/v1/session", headers=asked)
    assert answer.status_code == 401
    assert door.client.simulate_get("/v1/session", headers={**asked, PAGE: "1"}).status_code == 200
    # Whoever says who it is counts as that alone.
    assert door.open("Bearer x", method="GET", passed=passed).status_code == 401
    # A page of another origin cannot have a browser signed in either.
    for headers in ({"Authorization": password}, {"Authorization": bearer}, {}):
        assert door.client.simulate_post("/v1/session", headers=headers).status_code == 403


def test_a_cookie_has_the_port_in_its_name(door: Door) -> None:
    """Browsers send the cookies of a host to all of its ports, and another service may be there."""
    password, _ = door.add("admin")
    headers = {PAGE: "1", "Authorization": password}
    answer = door.client.simulate_post("/v1/session", headers=headers, host="ml.example", port=8443)
    assert list(answer.cookies) == [f"{COOKIE}-8443"]
    passed = str(answer.cookies[f"{COOKIE}-8443"].value)
    headers = {PAGE: "1", "Cookie": f"{COOKIE}-8443={passed}"}
    for port, status in ((8443, 200), (8444, 401), (80, 401)):
        asked = door.client.simulate_get("/v1/session", headers=headers, host="ml.example", port=port)
        assert asked.status_code == status


def test_a_link_signs_in_once(door: Door) -> None:
    door.add("admin")
    door.links.keep("a code", "ann")
    assert door.open(body={"code": "another"}).status_code == 401
    answer = door.open(body={"code": "a code"})
    assert (answer.status_code, answer.json["name"]) == (200, "ann")
    again = door.open(body={"code": "a code"})
    assert again.status_code == 401
    assert "mlservice link" in again.json["detail"]
    wrongs: list[tuple[object, int]] = [({}, 401), ({"code": 1}, 400), ([], 400), ({"code": "x" * 1000}, 401)]
    for wrong, status in wrongs:
        assert door.open(body=wrong).status_code == status


@pytest.mark.parametrize("end", ["disable", "remove"])
def test_a_link_of_an_account_that_was_ended_signs_nobody_in(door: Door, end: str) -> None:
    door.add("admin")
    door.links.keep("a code", "ann")
    if end == "disable":
        door.accounts.change("ann", disabled=True)
    else:
        door.accounts.remove("ann")
    assert door.open(body={"code": "a code"}).status_code == 401


def test_a_cookie_is_renewed_while_it_is_good(door: Door) -> None:
    door.add("estimate", "monitor")
    account = door.accounts.known("ann")
    narrow = f"Bearer {door.tokens.issue('ann', ['monitor'], series=account.series).access_token}"
    passed = door.passed(narrow)
    door.now += 30
    renewed = door.open(passed=passed)
    assert renewed.json["scopes"] == ["monitor"]
    door.now += 40
    assert door.open(method="GET", passed=passed).status_code == 401
    assert door.open(passed=passed).status_code == 401
    assert door.open(method="GET", passed=renewed.cookies[COOKIE].value).status_code == 200


def test_signing_out_ends_the_cookie_everywhere(door: Door) -> None:
    password, _ = door.add("admin")
    passed = door.open(password).cookies[COOKIE].value
    done = door.open(method="DELETE", passed=passed)
    assert done.status_code == 204
    assert done.cookies[COOKIE].value == ""
    assert door.open(method="GET", passed=passed).status_code == 401
    assert door.ask(None, passed=passed).status_code == 401


def test_who_has_no_account_here_has_no_session(door: Door) -> None:
    door.accounts.add("oidc:ann", password=None, scopes=["admin"])
    door.links.keep("a code", "oidc:ann")
    token = door.tokens.issue("oidc:ann", ["admin"], series=door.accounts.known("oidc:ann").series)
    assert door.open(f"Bearer {token.access_token}").status_code == 403
