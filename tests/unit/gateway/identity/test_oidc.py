"""Tokens of an outside issuer, which the test runs as an HTTP server."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest
import redis
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.identity.accounts import Accounts
from gateway.identity.callers import Callers
from gateway.identity.issuer import DOCUMENT_BYTES, FRESH_SECONDS, MOST_KEYS, PAUSE_SECONDS, STALE_SECONDS, IssuerKeys
from gateway.identity.keys import Keys
from gateway.identity.oidc import OutsideIssuer, open_issuer
from gateway.identity.passwords import Passwords
from gateway.identity.quotas import Quota
from gateway.identity.tokens import Principal, Tokens
from tasks.config.settings import Settings
from tasks.errors import SettingsError, Unauthenticated, Unavailable
from tests.clocks import NOW, Clock
from tests.issuer import AUDIENCE, Issuer

SHARED = "s" * 40


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def issuer(clock: Clock) -> Iterator[Issuer]:
    with Issuer(clock=clock) as running:
        yield running


def outside(issuer: Issuer, clock: Clock, *, jwks_url: str = "", timeout: float = 2, **claims: str) -> OutsideIssuer:
    keys = IssuerKeys(issuer.url, jwks_url=jwks_url, timeout_seconds=timeout, clock=clock)
    return OutsideIssuer(keys, issuer=issuer.url, audience=AUDIENCE, clock=clock, **claims)


def verify(outside: OutsideIssuer, *tokens: str) -> list[Principal]:
    """Who the tokens speak for, all verified at the same time."""

    async def all_at_once() -> list[Principal]:
        return list(await asyncio.gather(*(outside.verify(token) for token in tokens)))

    return asyncio.run(all_at_once())


def test_the_claims_say_who_and_what(issuer: Issuer, clock: Clock) -> None:
    (principal,) = verify(outside(issuer, clock), issuer.token(scope="openid estimate:housing fly train", jti="7"))
    assert (principal.name, principal.token_id) == ("oidc:ada", "oidc:7")
    assert principal.scopes == {"estimate:housing", "train"}
    assert (principal.issued_at, principal.expires_at) == (NOW, NOW + 60)


def test_other_claims_can_say_it(issuer: Issuer, clock: Clock) -> None:
    token = issuer.token(email="ada@example.org", roles=["train", 7, "fly"], scope="admin", jti=None)
    (principal,) = verify(outside(issuer, clock, name_claim="email", scope_claim="roles"), token)
    assert (principal.name, principal.scopes) == ("oidc:ada@example.org", frozenset({"train"}))
    assert principal.token_id.startswith("oidc:")
    assert len(principal.token_id) > 20


@pytest.mark.parametrize("scope", [None, 7, {"a": 1}, ""])
def test_a_scope_claim_of_another_kind_gives_nothing(issuer: Issuer, clock: Clock, scope: Any) -> None:
    assert verify(outside(issuer, clock), issuer.token(scope=scope))[0].scopes == frozenset()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "EdDSA"])
def test_keys_of_each_kind(issuer: Issuer, clock: Clock, algorithm: str) -> None:
    issuer.add_key("other", algorithm)
    assert verify(outside(issuer, clock), issuer.token("other"))[0].name == "oidc:ada"


def test_the_url_of_the_keys_can_be_given(issuer: Issuer, clock: Clock) -> None:
    verify(outside(issuer, clock, jwks_url=f"{issuer.url}/keys"), issuer.token())
    assert issuer.asked == ["/realm/keys"]


def test_many_tokens_fetch_the_keys_once(issuer: Issuer, clock: Clock) -> None:
    verifier = outside(issuer, clock)
    for _ in range(3):
        verify(verifier, *(issuer.token() for _ in range(20)))
    assert len(issuer.asked) == 2


def test_a_token_without_a_key_id_means_the_only_key(issuer: Issuer, clock: Clock) -> None:
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    token = jwt.encode(claims, issuer.keys["rsa-1"][1], algorithm="RS256")
    verifier = outside(issuer, clock)
    assert verify(verifier, token)[0].name == "oidc:ada"
    issuer.add_key("rsa-2", "RS256")
    clock.now += PAUSE_SECONDS
    verify(verifier, issuer.token("rsa-2"))
    with pytest.raises(Unauthenticated, match="does not have"):
        verify(verifier, token)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "elsewhere"}, "another service"),
        ({"aud": None}, "lacks the claim aud"),
        ({"iss": "https://elsewhere"}, "another service"),
        ({"exp": NOW - 1}, "expired"),
        ({"exp": None}, "lacks the claim exp"),
        ({"iat": None}, "lacks the claim iat"),
        ({"nbf": NOW + 100}, "not valid yet"),
        *(({claim: 10**400}, "wrong type") for claim in ("exp", "iat", "nbf")),
        ({"exp": "1"}, "wrong type"),
        ({"sub": None}, "claim sub is no name"),
        ({"sub": ""}, "claim sub is no name"),
        ({"sub": "a b"}, "claim sub is no name"),
        ({"sub": "x" * 201}, "claim sub is no name"),
    ],
)
def test_claims_that_are_refused(issuer: Issuer, clock: Clock, claims: dict[str, Any], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        verify(outside(issuer, clock), issuer.token(**claims))


def with_public_as_secret(issuer: Issuer) -> str:
    """HS256, with the public key for a secret."""
    pem = issuer.keys["rsa-1"][1].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    payload = issuer.token().split(".")[1]
    header = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": "rsa-1"}).encode()).decode().rstrip("=")
    digest = hmac.digest(pem, f"{header}.{payload}".encode(), "sha256")
    return f"{header}.{payload}.{base64.urlsafe_b64encode(digest).decode().rstrip('=')}"


@pytest.mark.parametrize(
    "make",
    [
        with_public_as_secret,
        lambda issuer: issuer.token(key=rsa.generate_private_key(65537, 2048)),
        lambda issuer: issuer.token(algorithm="RS512"),
        lambda issuer: issuer.token(algorithm="none", key=""),
        lambda issuer: issuer.token(algorithm="HS256", key=SHARED),
        lambda issuer: issuer.token("unknown", key=rsa.generate_private_key(65537, 2048)),
    ],
)
def test_signatures_that_are_refused(issuer: Issuer, clock: Clock, make: Callable[[Issuer], str]) -> None:
    with pytest.raises(Unauthenticated):
        verify(outside(issuer, clock), make(issuer))


def test_a_shared_secret_among_the_keys_is_no_key(issuer: Issuer, clock: Clock) -> None:
    secret = base64.urlsafe_b64encode(SHARED.encode()).decode().rstrip("=")
    issuer.documents["/realm/keys"] = {"keys": [{"kty": "oct", "k": secret, "kid": "shared"}, issuer.jwk("rsa-1")]}
    verifier = outside(issuer, clock)
    assert verify(verifier, issuer.token())[0].name == "oidc:ada"
    with pytest.raises(Unauthenticated, match="does not have"):
        verify(verifier, issuer.token("shared", algorithm="HS256", key=SHARED))


def test_a_new_key_is_found_and_made_up_ones_do_not_flood_the_issuer(issuer: Issuer, clock: Clock) -> None:
    verifier = outside(issuer, clock)
    verify(verifier, issuer.token())
    for number in range(50):
        with pytest.raises(Unauthenticated):
            verify(verifier, issuer.token(f"made-up-{number}", key=issuer.keys["rsa-1"][1]))
    assert len(issuer.asked) == 2
    issuer.add_key("rsa-2", "RS256")
    clock.now += PAUSE_SECONDS
    assert verify(verifier, issuer.token("rsa-2"))[0].name == "oidc:ada"


def test_a_key_that_is_gone_is_refused_after_a_while(issuer: Issuer, clock: Clock) -> None:
    verifier = outside(issuer, clock)
    verify(verifier, issuer.token())
    stolen = issuer.keys.pop("rsa-1")[1]
    issuer.add_key("rsa-2", "RS256")
    clock.now += FRESH_SECONDS
    with pytest.raises(Unauthenticated, match="does not have"):
        verify(verifier, issuer.token(key=stolen))


def test_an_issuer_that_fails_is_said_to_and_known_keys_stay_good_for_a_while(issuer: Issuer, clock: Clock) -> None:
    verifier = outside(issuer, clock)
    verify(verifier, issuer.token())
    issuer.documents["/realm/keys"] = None
    clock.now += FRESH_SECONDS
    assert verify(verifier, issuer.token())[0].name == "oidc:ada"
    clock.now += PAUSE_SECONDS
    with pytest.raises(Unavailable, match="try again"):
        verify(verifier, issuer.token("rsa-2", key=issuer.keys["rsa-1"][1]))
    clock.now += STALE_SECONDS
    with pytest.raises(Unavailable):
        verify(verifier, issuer.token())
    del issuer.documents["/realm/keys"]
    clock.now += PAUSE_SECONDS
    assert verify(verifier, issuer.token())[0].name == "oidc:ada"


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")
def test_a_short_rsa_key_is_no_key(issuer: Issuer, clock: Clock) -> None:
    issuer.keys["short"] = ("RS256", rsa.generate_private_key(65537, 1024))
    verifier = outside(issuer, clock)
    assert verify(verifier, issuer.token())[0].name == "oidc:ada"
    with pytest.raises(Unauthenticated, match="does not have"):
        verify(verifier, issuer.token("short"))


def test_more_than_an_issuer_has_is_not_read(issuer: Issuer, clock: Clock) -> None:
    known = issuer.document("/realm/keys")["keys"]
    for keys in ([*known, *({"kty": "?"} for _ in range(MOST_KEYS))], [*known, {"x": "." * DOCUMENT_BYTES}]):
        issuer.documents["/realm/keys"] = {"keys": keys}
        with pytest.raises(Unavailable):
            verify(outside(issuer, clock), issuer.token())


def test_keys_are_not_fetched_from_where_a_redirect_leads(issuer: Issuer, clock: Clock) -> None:
    issuer.documents["/realm/moved"] = issuer.document("/realm/keys")
    issuer.redirects["/realm/keys"] = "/realm/moved"
    with pytest.raises(Unavailable):
        verify(outside(issuer, clock), issuer.token())
    assert "/realm/moved" not in issuer.asked


@pytest.mark.parametrize("document", [None, [], {"keys": []}, {"keys": [{"kty": "?"}]}, {"keys": "?"}, {}, "text"])
def test_keys_that_cannot_be_read(issuer: Issuer, clock: Clock, document: Any) -> None:
    issuer.documents["/realm/keys"] = document
    with pytest.raises(Unavailable):
        verify(outside(issuer, clock), issuer.token())


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"issuer": "https://elsewhere", "jwks_uri": "http://127.0.0.1:1/keys"},
        {"jwks_uri": "http://127.0.0.1:1/keys"},
        "file",
        "plain",
    ],
)
def test_a_discovery_document_that_cannot_be_used(issuer: Issuer, clock: Clock, document: Any) -> None:
    urls = {"file": "file:///etc/passwd", "plain": "http://example.org/keys"}
    if isinstance(document, str):
        document = {"issuer": issuer.url, "jwks_uri": urls[document]}
    issuer.documents["/realm/.well-known/openid-configuration"] = document
    with pytest.raises(Unavailable):
        verify(outside(issuer, clock), issuer.token())


def test_an_issuer_that_hangs_holds_up_nobody_else(issuer: Issuer, clock: Clock) -> None:
    """The event loop turns meanwhile, and one thread waits, however many tokens there are."""
    issuer.answers.clear()
    verifier = outside(issuer, clock, timeout=0.5)

    async def watch() -> int:
        asking = [asyncio.ensure_future(verifier.verify(issuer.token())) for _ in range(30)]
        turns = 0
        while not all(ask.done() for ask in asking):
            turns += 1
            await asyncio.sleep(0.01)
        assert all(isinstance(ask.exception(), Unavailable) for ask in asking)
        return turns

    assert asyncio.run(watch()) > 5
    assert len(issuer.asked) == 1


def test_nothing_listens(clock: Clock) -> None:
    keys = IssuerKeys("http://127.0.0.1:9/realm", clock=clock)
    with Issuer(clock=clock) as issuer:
        verifier = OutsideIssuer(keys, issuer=issuer.url, audience=AUDIENCE, clock=clock)
        with pytest.raises(Unavailable):
            verify(verifier, issuer.token())


class Desk:
    """Callers with an outside issuer and accounts here."""

    def __init__(self, client: redis.Redis, outside: OutsideIssuer, clock: Clock) -> None:
        self.accounts = Accounts(client, passwords=Passwords(memory_kib=64, passes=1), clock=clock)
        self.tokens = Tokens(Keys(shared=SHARED), life_seconds=60, clock=clock)
        default = Quota(requests_per_second=9)
        self.callers = Callers(self.accounts, self.tokens, outside=outside, quota=default, clock=clock)

    def who(self, token: str) -> Principal:
        async def ask() -> Principal:
            return await self.callers.principal(token)

        return asyncio.run(ask())


@pytest.fixture
def desk(redis_client: redis.Redis, issuer: Issuer, clock: Clock) -> Desk:
    return Desk(redis_client, outside(issuer, clock), clock)


def test_both_issuers_are_heard(desk: Desk, issuer: Issuer) -> None:
    series = desk.accounts.add("ada", password="correct horse", scopes=["train"]).series
    ours = desk.who(desk.tokens.issue("ada", ["train"], series=series).access_token)
    theirs = desk.who(issuer.token())
    assert (ours.name, ours.scopes) == ("ada", frozenset({"train"}))
    assert (theirs.name, theirs.scopes, theirs.quota.requests_per_second) == ("oidc:ada", frozenset({"estimate"}), 9)


def test_nobody_there_is_anybody_here(desk: Desk, issuer: Issuer) -> None:
    desk.accounts.add("ada", password="correct horse", scopes=["admin"])
    assert desk.who(issuer.token(scope="estimate admin:x")).scopes == {"estimate"}
    # A token of our own that says so needs an account here.
    with pytest.raises(Unauthenticated, match="removed"):
        desk.who(desk.tokens.issue("oidc:ada", ["admin"], series="").access_token)


def test_an_account_here_narrows_what_a_token_says(desk: Desk, issuer: Issuer) -> None:
    desk.accounts.add("oidc:ada", password=None, scopes=["estimate:housing"])
    desk.accounts.change("oidc:ada", limits={"requests_per_second": 2})
    principal = desk.who(issuer.token(scope="estimate train"))
    assert (principal.scopes, principal.quota.requests_per_second) == (frozenset({"estimate:housing"}), 2)


def test_a_disabled_account_here_shuts_the_caller_out(desk: Desk, issuer: Issuer) -> None:
    token = issuer.token()
    assert desk.who(token).name == "oidc:ada"
    desk.accounts.add("oidc:ada", password=None, scopes=["estimate"])
    desk.accounts.change("oidc:ada", disabled=True)
    desk.callers.forget("oidc:ada")
    with pytest.raises(Unauthenticated, match="disabled"):
        desk.who(token)


def test_a_token_from_there_can_be_revoked(desk: Desk, issuer: Issuer) -> None:
    for token in (issuer.token(), issuer.token(jti=None)):
        token_id = desk.who(token).token_id
        desk.accounts.revoke_token(token_id, until=NOW + 60)
        desk.callers.forget(f"token:{token_id}")
        with pytest.raises(Unauthenticated, match="revoked"):
            desk.who(token)


def test_accounts_here_can_have_the_scopes(redis_client: redis.Redis, issuer: Issuer, clock: Clock) -> None:
    desk = Desk(redis_client, outside(issuer, clock, scope_claim="none"), clock)
    with pytest.raises(Unauthenticated, match="no account here"):
        desk.who(issuer.token(scope="admin"))
    desk.accounts.add("oidc:ada", password=None, scopes=["train"])
    assert desk.who(issuer.token(scope="admin")).scopes == {"train"}


def test_the_settings_say_which_issuer() -> None:
    assert open_issuer(Settings()) is None
    with pytest.raises(SettingsError, match="MLSERVICE_OIDC_AUDIENCE"):
        Settings.load({"MLSERVICE_OIDC_ISSUER": "https://example.org"})
    for url in ("http://example.org", "file:///x", "example.org", "https://", "https://h:x", "https://["):
        for variable in ("MLSERVICE_OIDC_ISSUER", "MLSERVICE_OIDC_JWKS_URL"):
            chosen = {"MLSERVICE_OIDC_ISSUER": "https://example.org", "MLSERVICE_OIDC_AUDIENCE": "us", variable: url}
            with pytest.raises(SettingsError, match=variable):
                Settings.load(chosen)
    good = {"MLSERVICE_OIDC_ISSUER": "http://127.0.0.1:8/r", "MLSERVICE_OIDC_AUDIENCE": "us"}
    assert open_issuer(Settings.load(good)) is not None
