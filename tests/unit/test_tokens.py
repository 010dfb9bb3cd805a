"""Tokens: issued, verified, asked for over HTTP, and demanded by routes."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from operator import attrgetter
from types import MappingProxyType

import falcon.asgi
import jwt
import pytest
import redis
from falcon.testing import Result, TestClient, create_asgi_req

from gateway.accounts import Account, Accounts
from gateway.auth import Authenticator, public, requires, undeclared
from gateway.errors import install
from gateway.passwords import Passwords
from gateway.resources.tokens import LOGINS, WAITING, TokenResource
from gateway.tokens import Tokens
from tasks.errors import Unauthenticated, Unavailable

KEY = "k" * 32
PASSWORD = "correct horse"
CHEAP = Passwords(memory_kib=64, passes=1)
NOW = 1_000_000.0
NOTHING: Mapping[str, object] = MappingProxyType({})


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(KEY, life_seconds=60, clock=clock)


def signed(changes: Mapping[str, object] = NOTHING, *, key: str = KEY, algorithm: str = "HS256") -> str:
    """A token with these claims changed; None takes one away."""
    claims: dict[str, object] = {
        "iss": "mlservice",
        "aud": "mlservice",
        "sub": "ada",
        "iat": NOW,
        "exp": NOW + 60,
        "scope": "train",
    }
    claims |= changes
    return jwt.encode({k: v for k, v in claims.items() if v is not None}, key, algorithm=algorithm)


def unsigned() -> str:
    """A token with `alg: none`."""
    _, payload, _ = signed().split(".")
    header = base64.urlsafe_b64encode(b'{"alg":"none","typ":"JWT"}').decode().rstrip("=")
    return f"{header}.{payload}."


def tampered() -> str:
    header, _, signature = signed().split(".")
    _, payload, _ = signed({"scope": "admin"}, key="x" * 32).split(".")
    return f"{header}.{payload}.{signature}"


def test_a_token_says_who_and_what(tokens: Tokens) -> None:
    token = tokens.issue("ada", ["train", "estimate"])
    assert (token.expires_in, token.scope) == (60, "estimate train")
    principal = tokens.verify(token.access_token)
    assert (principal.name, principal.scopes) == ("ada", frozenset({"train", "estimate"}))
    assert (principal.issued_at, principal.expires_at) == (NOW, NOW + 60)
    claims = jwt.decode(token.access_token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "scope"}


def test_no_two_tokens_are_the_same(tokens: Tokens) -> None:
    assert tokens.issue("ada", ["train"]).access_token != tokens.issue("ada", ["train"]).access_token


def test_all_processes_with_the_key_agree(tokens: Tokens, clock: Clock) -> None:
    other = Tokens(KEY, life_seconds=5, clock=clock)
    assert other.verify(tokens.issue("ada", ["train"]).access_token).name == "ada"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda: "", "malformed"),
        (lambda: "abc", "malformed"),
        (lambda: "a.b.c", "malformed"),
        (lambda: "\u00e9.\u00e9.\u00e9", "malformed"),
        (lambda: "x" * 5000, "malformed"),
        (lambda: signed()[:-2], "another key|malformed"),
        (lambda: signed(key="another" * 6), "another key"),
        (tampered, "another key"),
        (unsigned, "not signed with HS256"),
        (lambda: signed(algorithm="HS512", key="k" * 64), "not signed with HS256"),
        (lambda: signed({"aud": "elsewhere"}), "another service"),
        (lambda: signed({"iss": "elsewhere"}), "another service"),
        (lambda: signed({"exp": NOW}), "expired"),
        (lambda: signed({"exp": "soon"}), "wrong type"),
        (lambda: signed({"exp": True}), "wrong type"),
        (lambda: signed({"iat": "now"}), "wrong type"),
        (lambda: signed({"scope": ["train"]}), "wrong type"),
        (lambda: signed({"sub": 7}), "malformed"),
        (lambda: signed({"nbf": NOW + 300}), "not valid yet"),
        (lambda: signed({"iat": NOW + 300}), "not valid yet"),
        *((lambda claim=claim: signed({claim: None}), claim) for claim in ("sub", "exp", "aud", "iat", "scope")),
    ],
)
def test_a_bad_token_is_refused_with_the_reason(tokens: Tokens, make: Callable[[], str], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        tokens.verify(make())


def test_a_remembered_token_expires(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue("ada", ["train"]).access_token
    tokens.verify(token)
    clock.now += 59
    assert tokens.verify(token) is tokens.verify(token)
    clock.now += 1
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.verify(token)


def test_the_memory_is_bounded_and_forgets(clock: Clock) -> None:
    tokens = Tokens(KEY, life_seconds=60, clock=clock, cache_size=2)
    first, second, third = (tokens.issue(name, ["train"]).access_token for name in ("ada", "bob", "cyd"))
    principals = {token: tokens.verify(token) for token in (first, second, third)}
    assert tokens.verify(third) is principals[third]
    assert tokens.verify(first) is not principals[first]
    tokens.forget("cyd")
    assert tokens.verify(third) is not principals[third]


class Models:
    """Routes as a resource declares them."""

    def __init__(self, scope: str = "estimate") -> None:
        self.scope = scope

    @requires("train")
    async def on_put(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {"name": req.context.principal.name, "scopes": sorted(req.context.principal.scopes)}

    @requires(attrgetter("scope"))
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {}

    @requires()
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {}

    @public
    async def on_delete(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {}


class Forgotten:
    """A resource with a route that declares nothing."""

    @public
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {}

    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = {}


class Counting(Accounts):
    """Accounts that count how often one is read, and let something happen right after."""

    reads = 0
    after_read: Callable[[], None] | None = None

    def get(self, name: str) -> Account | None:
        self.reads += 1
        account = super().get(name)
        if self.after_read:
            self.after_read()
        return account


class Slow(Accounts):
    """Accounts that count how many logins run at the same time."""

    running = most = 0

    def verify(self, name: str, password: str) -> Account:
        self.running += 1
        self.most = max(self.most, self.running)
        time.sleep(0.005)
        try:
            return super().verify(name, password)
        finally:
            self.running -= 1


class Service:
    """An app with two resources, and what is behind it."""

    def __init__(self, client: redis.Redis, tokens: Tokens, clock: Clock) -> None:
        self.clock = clock
        self.tokens = tokens
        self.accounts = Counting(client, passwords=CHEAP, clock=clock)
        self.auth = Authenticator(self.accounts, tokens, clock=clock)
        app = falcon.asgi.App(middleware=[self.auth])
        install(app)
        app.add_route("/models", Models())
        app.add_route("/forgotten", Forgotten())
        app.add_route("/v1/token", TokenResource(self.accounts, tokens))
        self.client = TestClient(app)

    def add(self, name: str, *scopes: str) -> str:
        """A new account's token."""
        self.accounts.add(name, password=PASSWORD, scopes=scopes)
        return self.tokens.issue(name, scopes).access_token

    def ask(self, method: str, path: str = "/models", *, authorization: str | None = None) -> Result:
        headers = {"Authorization": authorization} if authorization is not None else {}
        result = self.client.simulate_request(method, path, headers=headers)
        assert isinstance(result, Result)
        return result


@pytest.fixture
def service(redis_client: redis.Redis, tokens: Tokens, clock: Clock) -> Service:
    return Service(redis_client, tokens, clock)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def test_a_name_and_a_password_become_a_token(service: Service) -> None:
    service.add("ada", "train")
    result = service.ask("POST", "/v1/token", authorization=basic(f"ada:{PASSWORD}"))
    assert result.status_code == 200
    assert result.headers["cache-control"] == "no-store"
    assert result.headers["content-type"] == "application/json"
    body = result.json
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("bearer", 60, "train")
    assert service.ask("PUT", authorization=f"bearer {body['access_token']}").json["name"] == "ada"


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode("ada:p\u00e4ss".encode("latin-1")).decode(),
        "Bearer " + KEY,
        basic("ada:wrong"),
        basic(f"bob:{PASSWORD}"),
        basic(f"ml:user:ada:{PASSWORD}"),
        basic(":"),
    ],
)
def test_bad_credentials_get_a_challenge(service: Service, authorization: str | None) -> None:
    service.add("ada", "train")
    result = service.ask("POST", "/v1/token", authorization=authorization)
    assert result.status_code == 401
    assert result.headers["www-authenticate"] == 'Basic realm="mlservice", charset="UTF-8"'
    assert PASSWORD not in result.text


def test_scopes_open_routes(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    assert service.ask("PUT", authorization=token).json == {"name": "ada", "scopes": ["train"]}
    assert service.ask("GET", authorization=token).status_code == 200
    refused = service.ask("POST", authorization=token)
    assert refused.status_code == 403
    assert 'error="insufficient_scope"' in refused.headers["www-authenticate"]
    assert 'scope="estimate"' in refused.headers["www-authenticate"]
    assert service.ask("POST", authorization=f"Bearer {service.add('root', 'admin')}").status_code == 200


def test_public_routes_need_nothing(service: Service) -> None:
    assert service.ask("DELETE").status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_resource_with_an_undeclared_route_is_closed(service: Service, method: str) -> None:
    token = service.add("root", "admin")
    assert service.ask(method, "/forgotten", authorization=f"Bearer {token}").status_code == 403
    assert undeclared(Forgotten()) == ["on_post"]
    assert undeclared(Models()) == []


def test_a_scope_that_does_not_exist_cannot_be_required() -> None:
    with pytest.raises(ValueError, match="fly"):
        requires("fly")


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Token abc"])
def test_no_token_gets_a_bare_challenge(service: Service, authorization: str | None) -> None:
    result = service.ask("GET", authorization=authorization)
    assert result.status_code == 401
    assert result.headers["www-authenticate"] == 'Bearer realm="mlservice"'


@pytest.mark.parametrize("token", ["", "abc", "a b c", unsigned(), signed({"exp": NOW - 1}), signed(key="another" * 6)])
def test_a_bad_token_gets_the_reason(service: Service, token: str) -> None:
    service.add("ada", "train")
    result = service.ask("GET", authorization=f"Bearer {token}")
    assert result.status_code == 401
    challenge = result.headers["www-authenticate"]
    assert challenge.startswith('Bearer realm="mlservice", error="invalid_token", error_description="')
    assert result.json["detail"] in challenge


def test_an_account_is_read_once_and_then_now_and_again(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    for _ in range(3):
        service.ask("GET", authorization=token)
    assert service.accounts.reads == 1
    service.clock.now += 31
    assert service.ask("GET", authorization=token).status_code == 200
    assert service.accounts.reads == 2


def test_a_disabled_or_removed_account_is_refused_at_once(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    for change in (service.accounts.disable, service.accounts.remove):
        assert service.ask("GET", authorization=token).status_code == 200
        change("ada")
        service.auth.forget("ada")
        assert service.ask("GET", authorization=token).status_code == 401
        if change == service.accounts.disable:
            service.accounts.enable("ada")
            service.auth.forget("ada")


def test_the_next_account_of_a_name_does_not_inherit_tokens(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    service.accounts.remove("ada")
    service.clock.now += 2
    service.add("ada", "train")
    assert service.ask("GET", authorization=token).status_code == 401


def test_a_token_gives_no_more_than_its_account_has(service: Service) -> None:
    service.add("ada", "estimate")
    token = f"Bearer {service.tokens.issue('ada', ['estimate', 'admin']).access_token}"
    assert service.ask("PUT", authorization=token).status_code == 403
    assert service.ask("POST", authorization=token).status_code == 200


def test_a_read_that_began_before_a_change_is_not_kept(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"

    def change() -> None:
        service.accounts.disable("ada")
        service.auth.forget("ada")

    service.accounts.after_read = change
    assert service.ask("GET", authorization=token).status_code == 200
    assert service.ask("GET", authorization=token).status_code == 401


def test_callers_at_the_same_time_share_one_read(service: Service) -> None:
    token = service.add("ada", "train")

    async def ask() -> str:
        req = create_asgi_req(headers={"Authorization": f"Bearer {token}"})
        return (await service.auth.admit(req, falcon.asgi.Response(), "train")).name

    async def ask_all() -> list[str]:
        return list(await asyncio.gather(*(ask() for _ in range(50))))

    assert asyncio.run(ask_all()) == ["ada"] * 50
    assert service.accounts.reads == 1


def test_logins_take_turns_and_a_flood_is_turned_away(redis_client: redis.Redis, tokens: Tokens) -> None:
    accounts = Slow(redis_client, passwords=CHEAP)
    accounts.add("ada", password=PASSWORD, scopes=["train"])
    resource = TokenResource(accounts, tokens)

    async def flood() -> list[Account | BaseException]:
        logins = (resource.login(basic(f"ada:{PASSWORD}")) for _ in range(WAITING + 5))
        return await asyncio.gather(*logins, return_exceptions=True)

    outcomes = asyncio.run(flood())
    assert sum(isinstance(outcome, Account) for outcome in outcomes) == WAITING
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 5
    assert accounts.most == LOGINS
