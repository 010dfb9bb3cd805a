"""Who may do what, over HTTP through NGINX: tokens, scopes, owners, removed accounts."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity import keyfile
from gateway.identity.keys import Keys
from gateway.identity.tokens import ISSUER, TOKEN_LIMIT
from tests.commands import add_account, said
from tests.hearing import everywhere
from tests.problems import refused
from tests.service import Service

MODEL: Final = "shared"
ROWS: Final = [{"a": a + 0.5, "b": b, "y": a + b + 0.25} for a in range(6) for b in range(6)]
GOOD: Final = {"rows": [[1.5, 2]]}
#: A route of each kind that needs a token.
CLOSED: Final = [
    ("POST", f"/v1/models/{MODEL}/init"),
    ("POST", f"/v1/models/{MODEL}/train"),
    ("POST", f"/v1/models/{MODEL}/estimate"),
    ("POST", f"/v1/models/{MODEL}/versions/1/promote"),
    ("GET", "/v1/models"),
    ("GET", f"/v1/models/{MODEL}"),
    ("GET", f"/v1/models/{MODEL}/versions/1"),
    ("GET", f"/v1/tasks/{'0' * 32}-0"),
    ("GET", f"/v1/tasks/{'0' * 32}-0/result"),
]


@dataclass(frozen=True)
class Caller:
    """An account with a token, made as a user makes one."""

    service: Service
    name: str
    password: str
    token: str

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to a request of this account."""
        return ask(self.service, method, path, self.token, **options)


def add(service: Service, name: str, *scopes: str) -> Caller:
    """A new account and its token."""
    password = f"correct horse {name}"
    add_account(name, *scopes, home=service.home, password=password)
    answer = httpx.post(f"{service.url}/v1/token", auth=(name, password))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    document = answer.json()
    assert document["scope"].split() == sorted(scopes)
    return Caller(service, name, password, document["access_token"])


def command(service: Service, *arguments: str, text: str = "") -> str:
    """What `mlservice` writes for this service."""
    return said(*arguments, home=service.home, text=text).strip()


def ask(service: Service, method: str, path: str, token: str | None, **options: Any) -> httpx.Response:
    headers = {**options.pop("headers", {}), **({} if token is None else {"Authorization": f"Bearer {token}"})}
    return httpx.request(method, f"{service.url}{path}", headers=headers, timeout=30, **options)


@pytest.fixture(scope="module", autouse=True)
def model(service: Service) -> None:
    """A trained model of the first account."""
    assert service.init(MODEL, {"rows": ROWS}, target="y").status_code == 200
    assert service.train(MODEL, params={"num_iterations": 5}).status_code == 200


@pytest.fixture(scope="module")
def guesser(service: Service) -> Caller:
    """An account that may estimate and nothing else."""
    return add(service, "guesser", "estimate")


@pytest.fixture(scope="module")
def reader(service: Service) -> Caller:
    """An account that may estimate and read its tasks."""
    return add(service, "reader", "estimate", "tasks:read")


@pytest.fixture(autouse=True)
def nothing_changes(service: Service) -> Iterator[None]:
    """The model is as before, and the first account still works."""
    before = service.http.get(f"/v1/models/{MODEL}").json()
    yield
    assert service.http.get(f"/v1/models/{MODEL}").json() == before
    assert service.estimate(MODEL, GOOD).status_code == 200


@pytest.mark.parametrize(("method", "path"), CLOSED)
def test_without_a_token(service: Service, method: str, path: str) -> None:
    answer = ask(service, method, path, None)
    refused(answer, 401, "a token is needed", "/v1/token", "Authorization: Bearer")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="mlservice"'


def series_of(token: str) -> str:
    return str(jwt.decode(token, options={"verify_signature": False})["series"])


def forged(service: Service, *, key: Any = None, algorithm: str = "EdDSA", **claims: Any) -> str:
    """A token of the first account, with other claims; None leaves a claim out."""
    now = int(time.time())
    usual = {"iss": ISSUER, "aud": ISSUER, "sub": "admin", "iat": now, "nbf": now, "exp": now + 60, "jti": "1"}
    series = series_of(service.http.headers["Authorization"].partition(" ")[2])
    wanted = {**usual, "scope": "admin", "series": series, **claims}
    chosen = {name: value for name, value in wanted.items() if value is not None}
    own = Keys(file=service.home.token_keys).signing()
    signing = "" if algorithm == "none" else key or own.signing
    return jwt.encode(chosen, signing, algorithm=algorithm, headers={"kid": own.kid})


#: Claims and keys that make a token bad, and what is said of it.
FORGERIES: Final[dict[str, tuple[dict[str, Any], str]]] = {
    "expired": (
        {"iat": 1_700_000_000, "nbf": 1_700_000_000, "exp": 1_700_000_060},
        "expired; get a new one from /v1/token",
    ),
    "another key": ({"key": Ed25519PrivateKey.generate()}, "signed with another key"),
    "alg none": ({"algorithm": "none"}, "not signed with EdDSA"),
    "another algorithm": ({"algorithm": "HS512", "key": "k" * 64}, "not signed with EdDSA"),
    "another issuer": ({"iss": "elsewhere"}, "issued for another service"),
    "another audience": ({"aud": "elsewhere"}, "issued for another service"),
    "no end": ({"exp": None}, "lacks the claim exp"),
    "another series": ({"series": "0"}, "account was replaced or got another password"),
    "no series": ({"series": None}, "account was replaced or got another password"),
    "unknown account": ({"sub": "nobody"}, "account was removed"),
    "no scope": ({"scope": None}, "lacks the claim scope"),
    "scope as a list": ({"scope": ["admin"]}, "claim of the wrong type"),
    "too long": ({"jti": "x" * TOKEN_LIMIT}, "too long"),
}


@pytest.mark.parametrize(("change", "reason"), FORGERIES.values(), ids=FORGERIES.keys())
def test_tokens_that_are_not_ours(service: Service, change: dict[str, Any], reason: str) -> None:
    for method, path in CLOSED[1:5]:
        answer = ask(service, method, path, forged(service, **change))
        refused(answer, 401, reason)
        challenge = answer.headers["WWW-Authenticate"]
        assert challenge.startswith('Bearer realm="mlservice", error="invalid_token", error_description="')


def test_the_forger_makes_good_tokens_too(service: Service) -> None:
    assert ask(service, "GET", "/v1/models", forged(service)).status_code == 200


@pytest.mark.parametrize("token", ["garbage", "a.b.c", "..", "é".encode().decode("latin-1"), "null"])
def test_tokens_that_are_no_tokens(service: Service, token: str) -> None:
    header = b"Bearer " + token.encode("latin-1")
    answer = httpx.get(f"{service.url}/v1/models", headers={b"Authorization": header})
    refused(answer, 401, "malformed")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]


def test_a_token_that_was_changed(service: Service) -> None:
    head, claims, signature = forged(service, scope="estimate").split(".")
    more = forged(service, scope="admin").split(".")[1]
    other = ("B" if signature[0] == "A" else "A") + signature[1:]
    for token in (f"{head}.{more}.{signature}", f"{head}.{claims}.{other}"):
        refused(ask(service, "GET", "/v1/models", token), 401, "signed with another key")


@pytest.mark.parametrize("header", ["Basic YWRtaW46eA==", "Digest x", "token", "Bearer"])
def test_other_schemes_are_no_tokens(service: Service, header: str) -> None:
    answer = httpx.get(f"{service.url}/v1/models", headers={"Authorization": header})
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("POST", f"/v1/models/{MODEL}/init?target=y", "init"),
        ("POST", f"/v1/models/{MODEL}/train", "train"),
        ("POST", f"/v1/models/{MODEL}/versions/1/promote", "models:write"),
        ("GET", f"/v1/tasks/{'0' * 32}-0", "tasks:read"),
    ],
)
def test_an_account_may_do_what_its_scopes_say(guesser: Caller, method: str, path: str, scope: str) -> None:
    body = {"json": {"rows": ROWS} if "init" in path else {}} if method == "POST" else {}
    answer = guesser.ask(method, path, **body)
    refused(answer, 403, "'guesser'", f"needs the scope {scope}")
    challenge = answer.headers["WWW-Authenticate"]
    assert 'error="insufficient_scope"' in challenge
    assert f'scope="{scope}"' in challenge
    good = guesser.ask("POST", f"/v1/models/{MODEL}/estimate", json=GOOD, headers={"Prefer": "wait=20"})
    assert good.status_code == 200, good.text


def test_a_token_may_have_fewer_scopes_than_its_account_and_never_more(service: Service, guesser: Caller) -> None:
    path = f"/v1/models/{MODEL}/train"
    fewer = command(service, "token", "admin", "--scope", "estimate")
    refused(ask(service, "POST", path, fewer, json={}), 403, "needs the scope train")
    more = forged(service, sub=guesser.name, series=series_of(guesser.token), scope="admin train")
    refused(ask(service, "POST", path, more, json={}), 403, "needs the scope train")


def test_the_task_of_another_owner_is_unknown(service: Service, reader: Caller) -> None:
    theirs = service.estimate(MODEL, GOOD)
    assert theirs.status_code == 200
    submitted = service.http.post(f"/v1/models/{MODEL}/estimate", json=GOOD).headers["Location"]
    own = reader.ask("POST", f"/v1/models/{MODEL}/estimate", json=GOOD).headers["Location"]
    for path in (submitted, f"{submitted}/result"):
        assert service.http.get(path, headers={"Prefer": "wait=20"}).status_code == 200
        answer = reader.ask("GET", path, headers={"Prefer": "wait=20"})
        problem = refused(answer, 404, "there is no task")
        made_up = reader.ask("GET", path.replace(submitted, f"/v1/tasks/{'0' * 32}-0")).json()
        assert {**problem, "detail": "", "instance": ""} == {**made_up, "detail": "", "instance": ""}
        own_path = path.replace(submitted, own)
        assert reader.ask("GET", own_path, headers={"Prefer": "wait=20"}).status_code == 200
        assert service.http.get(own_path).status_code == 200, "an administrator sees the tasks of all"


def test_a_removed_account_is_out_at_once(service: Service) -> None:
    leaver = add(service, "leaver", "estimate")
    assert leaver.ask("GET", "/v1/models").status_code == 200
    command(service, "user", "remove", "leaver")
    everywhere(lambda: leaver.ask("GET", "/v1/models").status_code, 401)
    answer = leaver.ask("GET", "/v1/models")
    refused(answer, 401, "account was removed")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    refused(httpx.post(f"{service.url}/v1/token", auth=("leaver", leaver.password)), 401, "name or the password")


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (None, "name and a password are needed"),
        ("Bearer x", "name and a password are needed"),
        ("Basic !!!", "base64 of NAME:PASSWORD"),
        ("Basic " + base64.b64encode(b"admin").decode(), "base64 of NAME:PASSWORD"),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), "base64 of NAME:PASSWORD"),
        ("Basic " + base64.b64encode(b"admin:wrong").decode(), "the name or the password is wrong"),
        ("Basic " + base64.b64encode(b"admin:").decode(), "the name or the password is wrong"),
        ("Basic " + base64.b64encode(b"nobody:wrong").decode(), "the name or the password is wrong"),
        ("Basic " + base64.b64encode(b"ml:user:*:x").decode(), "the name or the password is wrong"),
        ("Basic " + base64.b64encode(b"admin:" + b"x" * 5000).decode(), "the name or the password is wrong"),
    ],
)
def test_wrong_passwords(service: Service, header: str | None, reason: str) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.post(f"{service.url}/v1/token", headers=headers)
    refused(answer, 401, reason)
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="mlservice", charset="UTF-8"'
    assert answer.headers["Cache-Control"] == "no-store"


def test_logs_hold_no_password_and_no_token(service: Service, guesser: Caller, reader: Caller) -> None:
    secrets = [service.home.secret("admin.password"), service.home.redis_access().celery_password]
    secrets += [service.home.flower_password(), *(entry.d for entry in keyfile.read(service.home.token_keys))]
    secrets += [guesser.password, guesser.token, reader.token, service.http.headers["Authorization"].split()[1]]
    for path in service.home.logs.iterdir():
        text = path.read_text(errors="replace")
        assert not [secret for secret in secrets if secret in text], path.name
