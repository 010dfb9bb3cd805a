"""Who is let in where: every route of the app, every scope, and every way in which a token can be bad."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
import uuid
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from falcon.inspect import inspect_routes
from falcon.testing import ASGIConductor, Result

from gateway.app import create_app
from gateway.identity import keyfile
from gateway.identity.accounts import Accounts
from gateway.identity.challenges import REALM
from gateway.identity.entrance import CHALLENGE
from gateway.identity.keys import SHARED_KID, Keys, open_keys
from gateway.identity.passwords import Passwords
from gateway.identity.scopes import MODEL_SCOPES, SCOPES, VIEWING
from gateway.identity.tokens import ISSUER
from gateway.resources import health
from tasks.config.settings import Settings
from tasks.contract import PROBLEM, Media
from tasks.redis_keys import USER_KEY
from tests.servers import Valkey
from tests.workers import learn_sums

MODEL: Final = "sums"
SHARED: Final = "s" * 40
#: The series of all accounts' tokens.
SERIES: Final = "5e"
ROWS: Final = json.dumps({"rows": [{"a": 1, "b": 2}]}).encode()
TABLE: Final = json.dumps({"rows": [{"a": a, "y": a} for a in range(20)]}).encode()
BEARER: Final = f'Bearer realm="{REALM}"'
#: How a body is not read: who is let in is told that at once, where a worker's answer would have to be waited for.
UNREAD: Final = "br"


@dataclass(frozen=True, kw_only=True)
class Access:
    """What is documented of a route: which scopes open it, and what is answered then."""

    #: Any of these is enough; None: any account; () : everybody.
    scopes: tuple[str, ...] | None
    answers: tuple[int, ...]
    #: Whether all of the scopes are needed.
    together: bool = False
    query: str = ""
    body: bytes = b""
    coding: str = "identity"
    accept: str = "*/*"
    #: Whether the route is about one owner's task.
    owned: bool = False
    #: What is said to who sends no token.
    challenge: str = BEARER
    #: Whether its errors are those of the original service.
    original: bool = False


PUBLIC: Final = ()
#: Every route. One that is missing here, or that the app no longer has, fails a test.
DOCUMENTED: Final = {
    ("POST", "/v1/token"): Access(scopes=PUBLIC, answers=(401,)),
    ("DELETE", "/v1/token"): Access(scopes=None, answers=(204,)),
    ("GET", "/v1/session"): Access(scopes=None, answers=(200,)),
    # Only for our pages, and only by what says who it is.
    ("POST", "/v1/session"): Access(scopes=PUBLIC, answers=(403,)),
    ("DELETE", "/v1/session"): Access(scopes=None, answers=(204,)),
    ("GET", "/.well-known/jwks.json"): Access(scopes=PUBLIC, answers=(200,)),
    ("POST", "/v1/models/{model}/init"): Access(scopes=("init",), answers=(202,), query="target=y", body=TABLE),
    ("POST", "/v1/models/{model}/train"): Access(scopes=("train",), answers=(202,), body=b"{}"),
    ("POST", "/v1/models/{model}/estimate"): Access(scopes=("estimate",), answers=(202,), body=ROWS),
    ("GET", "/v1/tasks"): Access(scopes=("tasks:read",), answers=(200,)),
    ("DELETE", "/v1/tasks/{handle}"): Access(scopes=None, answers=(200, 409), owned=True),
    ("GET", "/v1/tasks/{handle}"): Access(scopes=("tasks:read",), answers=(200,), owned=True),
    # Nobody works here, so that events would not end: who is let in is told that JSON is not to be had.
    ("GET", "/v1/tasks/{handle}/events"): Access(
        scopes=("tasks:read",), answers=(406,), accept="application/json", owned=True
    ),
    ("GET", "/v1/tasks/{handle}/result"): Access(scopes=("tasks:read",), answers=(202,), owned=True),
    ("GET", "/v1/webhooks"): Access(scopes=("tasks:read",), answers=(200,)),
    # Who is let in is told that a URL is missing, and that there is no such webhook.
    ("POST", "/v1/webhooks"): Access(scopes=("tasks:read",), answers=(422,), body=b"{}"),
    **{
        (method, f"/v1/webhooks/{{webhook}}{path}"): Access(scopes=("tasks:read",), answers=(404,))
        for method, path in (
            *(("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/secret"), ("POST", "/ping")),
            *(("GET", "/deliveries"), ("POST", "/deliveries/{message}/replay")),
        )
    },
    ("GET", "/v1/sources"): Access(scopes=None, answers=(200,)),
    **{
        ("GET", f"/v1/{what}"): Access(scopes=("monitor",), answers=(200,))
        for what in ("queues", "activity", "workers")
    },
    **{("GET", f"/v1/{what}"): Access(scopes=("admin",), answers=(200,)) for what in ("accounts", "keys", "settings")},
    # Who is let in is told that a name is missing, that there is no such account, or that there is no such parameter.
    ("POST", "/v1/accounts"): Access(scopes=("admin",), answers=(422,), body=b"{}"),
    ("POST", "/v1/keys"): Access(scopes=("admin",), answers=(422,), query="perhaps=true"),
    **{
        (method, f"/v1/accounts/{{account}}{path}"): Access(scopes=("admin",), answers=(404,), body=body)
        for method, path, body in (
            *(("GET", "", b""), ("PATCH", "", b'{"disabled": true}'), ("DELETE", "", b"")),
            *(("POST", "/tokens", b""), ("DELETE", "/tokens", b"")),
        )
    },
    ("GET", "/v1/dead"): Access(scopes=("admin",), answers=(200,)),
    ("GET", "/v1/dead/{handle}"): Access(scopes=("admin",), answers=(404,)),
    ("DELETE", "/v1/dead/{handle}"): Access(scopes=("admin",), answers=(404,)),
    ("POST", "/v1/dead/{handle}/replay"): Access(scopes=("admin",), answers=(404,)),
    ("GET", "/v1/estimators"): Access(scopes=None, answers=(200,)),
    ("GET", "/v1/models"): Access(scopes=None, answers=(200,)),
    ("GET", "/v1/models/{model}"): Access(scopes=VIEWING, answers=(200,)),
    ("GET", "/v1/models/{model}/versions"): Access(scopes=VIEWING, answers=(200,)),
    ("GET", "/v1/models/{model}/versions/{version}"): Access(scopes=VIEWING, answers=(200,)),
    ("GET", "/v1/models/{model}/versions/{version}/report"): Access(scopes=VIEWING, answers=(200,)),
    # Nobody works here, so that it would not be made: who is let in is told that there is no such form.
    ("GET", "/v1/models/{model}/versions/{version}/artefact"): Access(
        scopes=("train", "models:write"), answers=(422,), query="format=perhaps"
    ),
    **{
        (method, "/v1/models/{model}/aliases/{alias}"): Access(
            scopes=("models:write",), answers=(422,), query="perhaps=true"
        )
        for method in ("PUT", "DELETE")
    },
    **{
        ("PATCH", path): Access(scopes=("models:write",), answers=(422,), query="perhaps=true")
        for path in ("/v1/models/{model}", "/v1/models/{model}/versions/{version}")
    },
    ("GET", "/v1/models/{model}/history"): Access(scopes=VIEWING, answers=(200,)),
    ("GET", "/v1/models/{model}/drift"): Access(scopes=VIEWING, answers=(200,)),
    # Who is let in is told that this is no way to force it: the model is needed.
    **{
        ("DELETE", path): Access(scopes=("models:write",), answers=(422,), query="force=perhaps")
        for path in (
            "/v1/models/{model}",
            "/v1/models/{model}/snapshot",
            "/v1/models/{model}/versions/{version}",
        )
    },
    ("POST", "/v1/models/{model}/versions/{version}/promote"): Access(scopes=("models:write",), answers=(200,)),
    ("GET", "/metrics"): Access(scopes=("monitor",), answers=(200,), challenge=f"{BEARER}, {CHALLENGE}"),
    ("GET", "/openapi.yml"): Access(scopes=PUBLIC, answers=(200,)),
    ("GET", "/docs"): Access(scopes=PUBLIC, answers=(200,)),
    ("GET", "/docs/{asset}"): Access(scopes=PUBLIC, answers=(200, 404)),
    # Nobody works here: who is let in is told that the body's coding is none that is read.
    **{
        ("POST", path): Access(scopes=("estimate",), answers=(415,), body=ROWS, coding=UNREAD)
        for path in (
            "/v1/models/{model}/invocations",
            "/invocations",
            "/v2/models/{model}/infer",
            "/v2/models/{model}/versions/{version}/infer",
        )
    },
    **{
        ("GET", f"/v2/models/{{model}}{path}"): Access(scopes=VIEWING, answers=(200,))
        for path in ("", "/ready", "/versions/{version}", "/versions/{version}/ready")
    },
    ("POST", "/v2/repository/index"): Access(scopes=None, answers=(200,)),
    ("GET", "/v2"): Access(scopes=PUBLIC, answers=(200,)),
    ("GET", "/v2/health/live"): Access(scopes=PUBLIC, answers=(200,)),
    ("GET", "/v2/health/ready"): Access(scopes=PUBLIC, answers=(200, 503)),
    ("GET", "/resource/auth"): Access(scopes=PUBLIC, answers=(401,), original=True),
    ("GET", "/resource/init"): Access(
        scopes=("init", "train"), together=True, answers=(202,), query="async=true", original=True
    ),
    ("POST", "/resource/predict"): Access(
        scopes=("estimate",), answers=(415,), body=ROWS, coding=UNREAD, original=True
    ),
    ("GET", "/resource/task/status/{task_id}"): Access(
        scopes=("tasks:read",), answers=(200,), owned=True, original=True
    ),
    # What NGINX asks before it opens the door to Flower.
    ("GET", "/internal/authorize"): Access(
        scopes=("monitor",), answers=(204,), query="scope=monitor", challenge=CHALLENGE
    ),
    # What it asks before it takes a large body.
    ("GET", "/internal/authorize/body"): Access(
        scopes=("estimate",), answers=(204,), query=f"scope=estimate&model={MODEL}"
    ),
    ("GET", "/health/live"): Access(scopes=PUBLIC, answers=(200,)),
    ("GET", "/health/ready"): Access(scopes=PUBLIC, answers=(200, 503)),
}
#: HEAD is wherever GET is, for the same callers; but for the one that would do work.
HEADED: Final = [path for method, path in DOCUMENTED if method == "GET" and path != "/resource/init"]
#: What of an answer differs from one time to the next.
MOMENTARY: Final = {"content-length", "ratelimit"}
#: Every scope, for every model, for the model that is asked for, and for another; and those that go together.
GRANTS: Final = (
    *SCOPES,
    *(f"{scope}:{model}" for scope in MODEL_SCOPES for model in (MODEL, "other")),
    *(f"init{one} train{other}" for one in ("", f":{MODEL}") for other in ("", f":{MODEL}", ":other")),
)


def lacking(access: Access, grant: str) -> tuple[str, ...]:
    """The scopes that a caller with these lacks; without them he does not get in."""
    held = grant.split()
    if access.scopes is None or "admin" in held:
        return ()
    missing = tuple(scope for scope in access.scopes if not any(gives(one, scope) for one in held))
    return missing if access.together or missing == access.scopes else ()


def gives(grant: str, scope: str) -> bool:
    """Whether one scope, perhaps for a model, is as good as the other for the model that is asked for."""
    return grant == scope or (scope in MODEL_SCOPES and grant == f"{scope}:{MODEL}")


def opens(access: Access, grant: str) -> bool:
    """Whether a caller with these scopes gets in."""
    return not lacking(access, grant)


def claimed(access: Access) -> list[str]:
    """What a bad token says that it may: everything, what else would let it in, and what would not."""
    others = [grant for grant in GRANTS if grant != "admin"]
    enough = [grant for grant in others if opens(access, grant)]
    return ["admin", *enough[:1], *[grant for grant in others if grant not in enough][:1]]


def said(access: Access, answer: Result) -> str:
    """What an error says, in the form that the route's errors have."""
    if not access.original:
        assert answer.headers["content-type"] == PROBLEM
        return str(answer.json["detail"])
    assert answer.headers["content-type"] == Media.JSON
    assert answer.json.keys() == {"status"}
    return str(answer.json["status"])


@pytest.fixture(scope="module", autouse=True)
def impatience() -> Iterator[None]:
    """No canary comes back, and who asks whether the service is ready need not wait for one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(health, "PATIENCE_SECONDS", 0.01)
        yield


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of the keys."""
    file = tmp_path_factory.mktemp("keys") / "token.keys"
    keyfile.ensure(file, now=time.time())
    return file


@pytest.fixture(scope="module")
def settings(valkey_server: Valkey, keys: Path) -> Iterator[Settings]:
    """Those of a gateway on a Redis with a model and three accounts; one of them is disabled. No worker runs."""
    with valkey_server.client() as client:
        client.flushall()
        learn_sums(valkey_server.redis_url, MODEL, drawn=True)
        accounts = Accounts(client, passwords=Passwords(memory_kib=64, passes=1))
        for name in ("ada", "eve", "off"):
            accounts.add(name, password="correct horse", scopes=["admin"])
            client.hset(USER_KEY.format(name=name), "series", SERIES)
        accounts.change("off", disabled=True)
        yield Settings(
            redis_url=valkey_server.redis_url,
            # Who gets in is asked here, also of a machine on which nothing moves for seconds.
            redis_timeout_seconds=30,
            token_keys_file=str(keys),
            token_key=SHARED,
            default_model=MODEL,
            sources="sales=file:///none.csv",
            default_source="sales",
            default_target="y",
        )
        client.flushall()


class Forger:
    """Makes tokens, good and bad, with the keys that the app has."""

    def __init__(self, keys: Keys) -> None:
        self._key = keys.signing()

    def claims(self, name: str, scope: str, **changes: Any) -> dict[str, Any]:
        now = int(time.time())
        usual = {"iss": ISSUER, "aud": ISSUER, "sub": name, "scope": scope, "jti": uuid.uuid4().hex, "series": SERIES}
        return {**usual, "iat": now, "nbf": now, "exp": now + 60, **changes}

    def good(self, name: str, scope: str, **changes: Any) -> str:
        return self._signed(self._key.signing, self._key.kid, self.claims(name, scope, **changes))

    def given(self, name: str, scope: str) -> str:
        """Signed with the shared key, which is honoured as well."""
        return jwt.encode(self.claims(name, scope), SHARED, algorithm="HS256", headers={"kid": SHARED_KID})

    def expired(self, scope: str) -> str:
        then = int(time.time()) - 120
        return self.good("ada", scope, iat=then, nbf=then, exp=then + 60)

    def other_key(self, scope: str) -> str:
        return self._signed(Ed25519PrivateKey.generate(), self._key.kid, self.claims("ada", scope))

    def unknown_key(self, scope: str) -> str:
        return self._signed(Ed25519PrivateKey.generate(), "unknown", self.claims("ada", scope))

    def unsigned(self, scope: str) -> str:
        return jwt.encode(self.claims("ada", scope), "", algorithm="none", headers={"kid": self._key.kid})

    def public_as_secret(self, scope: str, *, pem: bool) -> str:
        """HS256, with the public half of the Ed25519 key for a secret."""
        public = self._key.checking
        secret = public.public_bytes_raw()
        if pem:
            secret = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        return _hmac(secret, self._key.kid, self.claims("ada", scope))

    def public_as_given(self, scope: str) -> str:
        return _hmac(self._key.checking.public_bytes_raw(), SHARED_KID, self.claims("ada", scope))

    def signed_as_given(self, scope: str) -> str:
        """EdDSA, by the right key, with the name of the shared one."""
        return self._signed(self._key.signing, SHARED_KID, self.claims("ada", scope))

    def _signed(self, key: Any, kid: str, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, key, algorithm="EdDSA", headers={"kid": kid})


#: Each way in which a token is bad, for a scope.
BAD: Final[dict[str, Callable[[Forger, str], str | None]]] = {
    "no token": lambda _, __: None,
    "expired": lambda forger, scope: forger.expired(scope),
    "other key": lambda forger, scope: forger.other_key(scope),
    "unknown key": lambda forger, scope: forger.unknown_key(scope),
    "alg none": lambda forger, scope: forger.unsigned(scope),
    "public key as secret": lambda forger, scope: forger.public_as_secret(scope, pem=False),
    "public PEM as secret": lambda forger, scope: forger.public_as_secret(scope, pem=True),
    "public key as given key": lambda forger, scope: forger.public_as_given(scope),
    "EdDSA as given key": lambda forger, scope: forger.signed_as_given(scope),
    "wrong audience": lambda forger, scope: forger.good("ada", scope, aud="elsewhere"),
    "wrong issuer": lambda forger, scope: forger.good("ada", scope, iss="elsewhere"),
    "replaced account": lambda forger, scope: forger.good("ada", scope, series="other"),
    "no series": lambda forger, scope: forger.good("ada", scope, series=""),
    "disabled account": lambda forger, scope: forger.good("off", scope),
    "unknown account": lambda forger, scope: forger.good("nobody", scope),
}


class Caller:
    """Asks the app."""

    def __init__(self, conductor: ASGIConductor, forger: Forger) -> None:
        self.conductor = conductor
        self.forger = forger
        self.handle = ""

    async def ask(self, route: tuple[str, str], access: Access, token: str | None) -> Result:
        path = route[1].format(
            **{"model": MODEL, "version": 1, "handle": self.handle, "task_id": self.handle, "asset": "none"},
            **{"alias": "champion", "webhook": "none", "message": "none", "account": "nobody"},
        )
        headers = {"Accept": access.accept}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        if access.body:
            headers |= {"Content-Type": "application/json", "Content-Encoding": access.coding}
        return await self.conductor.simulate_request(
            route[0], path, headers=headers, body=access.body, query_string=access.query
        )


@asynccontextmanager
async def calling(settings: Settings) -> AsyncIterator[Caller]:
    """A caller of the running app, with a task of the account `ada`."""
    async with ASGIConductor(create_app(settings)) as conductor:
        caller = Caller(conductor, Forger(open_keys(settings)))
        submit = ("POST", "/v1/models/{model}/estimate")
        accepted = await caller.ask(submit, DOCUMENTED[submit], caller.forger.good("ada", "estimate"))
        assert accepted.status_code == 202, accepted.text
        caller.handle = accepted.json["id"]
        yield caller


def test_every_route_is_in_the_table(settings: Settings) -> None:
    found = {
        (method.method, route.path)
        for route in inspect_routes(create_app(settings))
        for method in route.methods or ()
        if not method.internal
    }
    assert found == DOCUMENTED.keys() | {("HEAD", path) for path in HEADED}


ROUTES: Final = pytest.mark.parametrize("route", DOCUMENTED, ids=" ".join)


@ROUTES
def test_scopes(settings: Settings, route: tuple[str, str]) -> None:
    access = DOCUMENTED[route]

    async def look() -> None:
        async with calling(settings) as caller:
            makers = (caller.forger.good, caller.forger.given)
            cells = [(grant, make("ada", grant)) for grant in GRANTS for make in makers]
            for (grant, _), answer in zip(cells, await _answers(caller, route, [t for _, t in cells]), strict=True):
                if access.scopes == PUBLIC or opens(access, grant):
                    assert answer.status_code in access.answers, (grant, answer.text)
                else:
                    assert answer.status_code == 403, (grant, answer.text)
                    least = lacking(access, grant)[0]
                    assert f'scope="{least}"' in answer.headers["www-authenticate"]
                    assert least in said(access, answer)

    asyncio.run(look())


@pytest.mark.parametrize("path", HEADED)
def test_head_is_get_without_a_body(settings: Settings, path: str) -> None:
    async def look() -> None:
        async with calling(settings) as caller:
            tokens = (None, caller.forger.good("ada", "init"), caller.forger.good("ada", "admin"))
            for get, head in zip(
                await _answers(caller, ("GET", path), tokens),
                await _answers(caller, ("HEAD", path), tokens),
                strict=True,
            ):
                assert head.status_code == get.status_code
                assert head.content == b""
                assert lasting(head) == lasting(get)
                assert ("content-length" in head.headers) == ("content-length" in get.headers)

    asyncio.run(look())


def test_head_waits_for_nothing(settings: Settings) -> None:
    """Nobody works here: GET would wait as long as it may, and its events would not end."""

    async def look() -> None:
        async with calling(settings) as caller:
            headers = {"Authorization": f"Bearer {caller.forger.good('ada', 'admin')}", "Prefer": "wait=60"}
            began = time.monotonic()
            for rest in ("", "/result", "/events"):
                path = f"/v1/tasks/{caller.handle}{rest}"
                answer = await caller.conductor.simulate_head(path, headers=headers)
                assert (answer.status_code, answer.content) == (202 if rest == "/result" else 200, b"")
            assert answer.headers["content-type"] == "text/event-stream"
            assert "content-length" not in answer.headers
            assert time.monotonic() - began < 10

    asyncio.run(look())


def lasting(answer: Result) -> dict[str, str]:
    """Its headers, but for what is of the moment."""
    return {name: value for name, value in answer.headers.items() if name not in MOMENTARY}


@ROUTES
def test_bad_tokens(settings: Settings, route: tuple[str, str]) -> None:
    access = DOCUMENTED[route]

    async def look() -> None:
        async with calling(settings) as caller:
            cells = [(how, grant, make(caller.forger, grant)) for how, make in BAD.items() for grant in claimed(access)]
            answers = await _answers(caller, route, [token for _, _, token in cells])
            for (how, grant, _), answer in zip(cells, answers, strict=True):
                if access.scopes == PUBLIC:
                    assert answer.status_code in access.answers, (how, grant, answer.text)
                    if answer.status_code == 401:
                        assert said(access, answer)
                    continue
                assert answer.status_code == 401, (how, grant, answer.text)
                assert said(access, answer)
                challenge = answer.headers["www-authenticate"]
                if how == "no token":
                    assert challenge == access.challenge
                else:
                    assert challenge.startswith(f'{BEARER}, error="invalid_token"')

    asyncio.run(look())


@pytest.mark.parametrize("route", [route for route, access in DOCUMENTED.items() if access.owned], ids=" ".join)
def test_the_task_of_another_owner(settings: Settings, route: tuple[str, str]) -> None:
    access = DOCUMENTED[route]

    async def look() -> None:
        async with calling(settings) as caller:
            answers = await _answers(caller, route, [caller.forger.good("eve", grant) for grant in GRANTS])
            for grant, answer in zip(GRANTS, answers, strict=True):
                expected = access.answers if grant == "admin" else (404,) if opens(access, grant) else (403,)
                assert answer.status_code in expected, (grant, answer.text)
            theirs, real = answers[GRANTS.index("tasks:read")], caller.handle
            caller.handle = f"{0:032}-0"
            made_up = await caller.ask(route, access, caller.forger.good("eve", "tasks:read"))
            assert said(access, theirs).replace(real, caller.handle) == said(access, made_up)
            assert theirs.text.replace(real, caller.handle) == made_up.text

    asyncio.run(look())


def test_only_models_that_a_caller_may_use_are_listed(settings: Settings) -> None:
    route = ("GET", "/v1/models")

    async def look() -> None:
        async with calling(settings) as caller:
            for grant in GRANTS:
                answer = await caller.ask(route, DOCUMENTED[route], caller.forger.good("ada", grant))
                names = [model["model"] for model in answer.json["models"]]
                seen = opens(DOCUMENTED["GET", "/v1/models/{model}"], grant)
                assert names == ([MODEL] if seen else []), grant

    asyncio.run(look())


async def _answers(caller: Caller, route: tuple[str, str], tokens: Sequence[str | None]) -> list[Result]:
    """All at once: readiness takes its time without a worker. HEAD is asked as GET is."""
    access = DOCUMENTED["GET" if route[0] == "HEAD" else route[0], route[1]]
    return await asyncio.gather(*(caller.ask(route, access, token) for token in tokens))


def _hmac(secret: bytes, kid: str, claims: dict[str, Any]) -> str:
    # By hand: PyJWT refuses to sign with what it sees to be a public key.
    parts = ({"alg": "HS256", "typ": "JWT", "kid": kid}, claims)
    signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{_base64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
