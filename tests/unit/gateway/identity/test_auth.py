"""Callers at the routes: tokens asked for over HTTP, demanded by routes, remembered, ended."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable
from functools import partial
from operator import attrgetter

import falcon.asgi
import jwt
import pytest
import redis
from falcon.testing import Result, TestClient, create_asgi_req

from gateway.identity.account import Account
from gateway.identity.accounts import REVOKED_MARGIN_SECONDS, Accounts
from gateway.identity.auth import Authenticator, public, requires, undeclared
from gateway.identity.callers import Callers
from gateway.identity.keys import Keys
from gateway.identity.login_throttle import FREE_PAIR, LoginThrottle
from gateway.identity.passwords import Passwords
from gateway.identity.tokens import SKEW_SECONDS, Tokens
from gateway.resources.tokens import LOGINS, WAITING, TokenResource
from gateway.web.errors import install
from tasks.errors import Unavailable
from tasks.redis_keys import EVERYTHING_CHANGED, REVOKED_KEY, USER_KEY
from tests.clocks import NOW, Clock
from tests.servers import Valkey

KEY = "k" * 32
PASSWORD = "correct horse"
CHEAP = Passwords(memory_kib=64, passes=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    return Tokens(Keys(shared=KEY), life_seconds=60, clock=clock)


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
        callers = Callers(self.accounts, tokens, clock=clock, ticks=clock, cache_size=2)
        self.auth = Authenticator(callers, clock=clock)
        self.app = app = falcon.asgi.App(middleware=[self.auth])
        install(app)
        app.add_route("/models", Models())
        app.add_route("/forgotten", Forgotten())
        app.add_route("/v1/token", TokenResource(self.accounts, tokens, LoginThrottle(client, clock=clock)))
        self.client = TestClient(app)

    def add(self, name: str, *scopes: str) -> str:
        """A new account's token."""
        series = self.accounts.add(name, password=PASSWORD, scopes=scopes).series
        return self.tokens.issue(name, scopes, series=series).access_token

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


@pytest.mark.parametrize("authorization", [None, "", "Basic YTpi", "Token abc"])
def test_no_token_gets_a_bare_challenge(service: Service, authorization: str | None) -> None:
    result = service.ask("GET", authorization=authorization)
    assert result.status_code == 401
    assert result.headers["www-authenticate"] == 'Bearer realm="mlservice"'


@pytest.mark.parametrize("kind", ["", "abc", "a b c", "another key", "expired"])
def test_a_bad_token_gets_the_reason(service: Service, kind: str, clock: Clock) -> None:
    token = service.add("ada", "train")
    if kind == "another key":
        another = Tokens(Keys(shared="another" * 6), life_seconds=60, clock=clock)
        token = another.issue("ada", ["train"], series="").access_token
    elif kind == "expired":
        clock.now += 60
    else:
        token = kind
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
    for change in (partial(service.accounts.change, disabled=True), service.accounts.remove):
        assert service.ask("GET", authorization=token).status_code == 200
        change("ada")
        service.auth.forget("ada")
        assert service.ask("GET", authorization=token).status_code == 401
        if change != service.accounts.remove:
            service.accounts.change("ada", disabled=False)
            service.auth.forget("ada")


def test_the_next_account_of_a_name_does_not_inherit_tokens(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    service.accounts.remove("ada")
    service.clock.now += 2
    service.add("ada", "train")
    assert service.ask("GET", authorization=token).status_code == 401


def test_tokens_are_told_apart_by_no_clock(service: Service) -> None:
    """Those of the account are good and dead ones stay dead, whichever way the clock is moved meanwhile."""
    for step in (-3600, 3600):
        tokens = [service.add("ada", "train")]
        service.clock.now += step
        assert service.ask("GET", authorization=f"Bearer {tokens[0]}").status_code == (200 if step < 0 else 401)
        service.accounts.change("ada", password=PASSWORD + "!")
        service.auth.forget("ada")
        login = service.ask("POST", "/v1/token", authorization=basic(f"ada:{PASSWORD}!"))
        tokens.append(login.json["access_token"])
        assert [service.ask("GET", authorization=f"Bearer {t}").status_code for t in tokens] == [401, 200]
        service.accounts.remove("ada")
        tokens.append(service.add("ada", "train"))
        service.auth.forget("ada")
        service.clock.now -= step
        assert [service.ask("GET", authorization=f"Bearer {t}").status_code for t in tokens[:2]] == [401, 401]
        service.accounts.remove("ada")
        service.auth.forget("ada")


def plain_token(**claims: object) -> str:
    """A token as it was before there were series."""
    usual = {"iss": "mlservice", "aud": "mlservice", "sub": "ada", "nbf": NOW, "exp": NOW + 60, "jti": "1"}
    return jwt.encode({**usual, "scope": "train", **claims}, KEY, algorithm="HS256")


def test_accounts_and_tokens_from_before_there_were_numbers(service: Service, redis_client: redis.Redis) -> None:
    service.add("ada", "train")
    key = USER_KEY.format(name="ada")
    redis_client.hdel(key, "id", "series")
    redis_client.hset(key, mapping={"created_at": repr(NOW - 9.5), "owns_since": "12.5"})

    def statuses(*tokens: str) -> list[int]:
        service.auth.forget("ada")
        return [service.ask("GET", authorization=f"Bearer {token}").status_code for token in tokens]

    def login(password: str) -> str:
        return str(service.ask("POST", "/v1/token", authorization=basic(f"ada:{password}")).json["access_token"])

    old, older, new = plain_token(iat=NOW - 9), plain_token(iat=NOW - 11), login(PASSWORD)
    assert statuses(old, older, new) == [200, 401, 200]
    redis_client.hset(key, "tokens_since", int(NOW) + 5)
    assert statuses(old, older, new) == [401, 401, 401]
    after = login(PASSWORD)
    assert statuses(after, plain_token(iat=NOW + 5)) == [200, 200]
    service.accounts.change("ada", password=PASSWORD + "!")
    assert statuses(after, plain_token(iat=NOW + 5), login(PASSWORD + "!")) == [401, 401, 200]
    service.accounts.remove("ada")
    service.clock.now -= 1000
    service.add("ada", "train")
    assert statuses(old, plain_token(iat=NOW + 5)) == [401, 401]


def test_a_token_gives_no_more_than_its_account_has(service: Service) -> None:
    series = service.accounts.add("ada", password=PASSWORD, scopes=["estimate"]).series
    token = f"Bearer {service.tokens.issue('ada', ['estimate', 'admin'], series=series).access_token}"
    assert service.ask("PUT", authorization=token).status_code == 403
    assert service.ask("POST", authorization=token).status_code == 200


def test_a_read_that_began_before_a_change_is_not_kept(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"

    def change() -> None:
        service.accounts.change("ada", disabled=True)
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
    resource = TokenResource(accounts, tokens, LoginThrottle(redis_client))

    async def flood() -> list[Account | BaseException]:
        logins = (resource.login(basic(f"ada:{PASSWORD}")) for _ in range(WAITING + 5))
        return await asyncio.gather(*logins, return_exceptions=True)

    outcomes = asyncio.run(flood())
    assert sum(isinstance(outcome, Account) for outcome in outcomes) == WAITING
    assert sum(isinstance(outcome, Unavailable) for outcome in outcomes) == 5
    assert accounts.most == LOGINS


def test_a_revoked_token_is_refused_and_others_are_not(service: Service, redis_client: redis.Redis) -> None:
    series = service.accounts.add("ada", password=PASSWORD, scopes=["train"]).series
    token, other = (service.tokens.issue("ada", ["train"], series=series).access_token for _ in range(2))
    assert service.ask("GET", authorization=f"Bearer {token}").status_code == 200
    answer = service.ask("DELETE", "/v1/token", authorization=f"Bearer {token}")
    assert (answer.status_code, answer.text) == (204, "")
    refused = service.ask("GET", authorization=f"Bearer {token}")
    assert refused.status_code == 401
    assert "revoked" in refused.headers["www-authenticate"]
    assert service.ask("GET", authorization=f"Bearer {other}").status_code == 200
    assert service.ask("DELETE", "/v1/token").status_code == 401
    token_id = service.tokens.verify(token).token_id
    assert redis_client.ttl(REVOKED_KEY.format(token=token_id)) == 60 + SKEW_SECONDS + REVOKED_MARGIN_SECONDS


def test_a_revocation_whose_word_was_lost_is_found_after_a_while(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    assert service.ask("GET", authorization=token).status_code == 200
    service.accounts.revoke_token(service.tokens.verify(token.split()[1]).token_id, until=NOW + 60)
    assert service.ask("GET", authorization=token).status_code == 200
    service.clock.now += 30
    assert service.ask("GET", authorization=token).status_code == 401


def test_a_process_that_starts_later_knows_what_was_revoked(service: Service, redis_client: redis.Redis) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    service.ask("DELETE", "/v1/token", authorization=token)
    assert Service(redis_client, service.tokens, service.clock).ask("GET", authorization=token).status_code == 401


def test_a_token_is_remembered_no_longer_than_it_lives(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    service.clock.now += 59
    assert service.ask("GET", authorization=token).status_code == 200
    service.clock.now += 1
    assert service.ask("GET", authorization=token).status_code == 401


def test_what_is_remembered_is_bounded(service: Service) -> None:
    tokens = [f"Bearer {service.add(name, 'train')}" for name in ("ada", "bob", "cyd")]
    for token in tokens:
        service.ask("GET", authorization=token)
    assert service.accounts.reads == 3
    service.ask("GET", authorization=tokens[2])
    assert service.accounts.reads == 3
    service.ask("GET", authorization=tokens[0])
    assert service.accounts.reads == 4


def test_everything_can_be_forgotten(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    for reads in (1, 2):
        service.ask("GET", authorization=token)
        assert service.accounts.reads == reads
        service.auth.forget(EVERYTHING_CHANGED)


def test_another_password_ends_tokens_and_a_new_login_works_in_the_same_second(service: Service) -> None:
    token = f"Bearer {service.add('ada', 'train')}"
    service.accounts.change("ada", password="another password")
    service.auth.forget("ada")
    assert service.ask("GET", authorization=token).status_code == 401
    answer = service.ask("POST", "/v1/token", authorization=basic("ada:another password"))
    assert service.ask("GET", authorization=f"Bearer {answer.json['access_token']}").status_code == 200


def test_failed_logins_wait_and_the_right_password_works_after_the_pause(service: Service) -> None:
    service.add("ada", "train")
    wrong, right = basic("ada:wrong"), basic(f"ada:{PASSWORD}")
    answers = [service.ask("POST", "/v1/token", authorization=wrong) for _ in range(FREE_PAIR + 1)]
    assert [answer.status_code for answer in answers] == [401] * FREE_PAIR + [429]
    for authorization in (wrong, right):
        refused = service.ask("POST", "/v1/token", authorization=authorization)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json["type"] == "urn:mlservice:error:too-many-requests"
    nobody = [service.ask("POST", "/v1/token", authorization=basic("nobody:x")) for _ in range(FREE_PAIR + 1)]
    assert [(a.status_code, a.json) for a in nobody] == [(a.status_code, a.json) for a in answers]
    service.clock.now += 1
    assert service.ask("POST", "/v1/token", authorization=right).status_code == 200
    assert service.ask("POST", "/v1/token", authorization=wrong).status_code == 401


class Patient:
    """A resource that waits, while something happens, and admits its caller again."""

    def __init__(self, happens: Callable[[], None]) -> None:
        self._happens = happens

    @requires("train")
    @requires("estimate", model=lambda _: "housing")
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self._happens()
        await req.context.authenticator.admit_again(req, resp)
        resp.media = sorted(req.context.principal.scopes)


@pytest.mark.parametrize(
    ("scopes", "status"),
    [(("train", "estimate"), 200), (("train", "estimate:housing"), 200), (("estimate",), 403), (("train",), 403)],
)
def test_who_waited_is_admitted_again_for_all_that_is_declared(
    service: Service, scopes: tuple[str, ...], status: int
) -> None:
    token = service.add("ada", "train", "estimate")

    def change() -> None:
        service.accounts.change("ada", scopes=scopes)
        service.auth.forget("ada")

    service.app.add_route("/patient", Patient(change))
    answer = service.ask("GET", "/patient", authorization=f"Bearer {token}")
    assert answer.status_code == status
    if status == 200:
        assert answer.json == sorted(scopes)


class Accepted(Patient):
    """A resource whose caller has had something accepted."""

    @requires("train")
    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        self._happens()
        resp.media = await req.context.authenticator.is_still_admitted(req, resp)


def test_whether_a_caller_is_still_admitted_may_be_unknown(service: Service, valkey_server: Valkey) -> None:
    token = service.add("ada", "train")

    def away() -> None:
        service.auth.forget("ada")
        with valkey_server.client() as client:
            client.config_set("requirepass", "nobody knows")
            client.client_kill_filter(_type="normal", skipme=True)

    service.app.add_route("/accepted", Accepted(lambda: None))
    assert service.ask("GET", "/accepted", authorization=f"Bearer {token}").json is True
    service.app.add_route("/away", Accepted(away))
    try:
        assert service.ask("GET", "/away", authorization=f"Bearer {token}").json is False
    finally:
        with redis.Redis.from_url(valkey_server.redis_url, password="nobody knows") as client:
            client.config_set("requirepass", "")


def test_who_is_no_longer_admitted_is_told_also_after_something_was_accepted(service: Service) -> None:
    token = service.add("ada", "train")

    def change() -> None:
        service.accounts.change("ada", scopes=("estimate",))
        service.auth.forget("ada")

    service.app.add_route("/accepted", Accepted(change))
    assert service.ask("GET", "/accepted", authorization=f"Bearer {token}").status_code == 403


def test_a_token_that_ran_out_during_the_wait_was_good(service: Service) -> None:
    token = service.add("ada", "train", "estimate")

    def pass_time() -> None:
        service.clock.now += 60

    service.app.add_route("/patient", Patient(pass_time))
    assert service.ask("GET", "/patient", authorization=f"Bearer {token}").status_code == 200
    assert service.ask("GET", "/patient", authorization=f"Bearer {token}").status_code == 401
