"""Tokens: issued and verified."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import jwt
import pytest

from gateway.identity import keyfile
from gateway.identity.keys import SHARED_KID, Key, Keys
from gateway.identity.tokens import Tokens
from tasks.errors import Unauthenticated
from tests.clocks import NOW, Clock

KEY = "k" * 32
NOTHING: Mapping[str, object] = MappingProxyType({})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["given", "file"])
def keys(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Keys:
    """A given key; a key in a file."""
    if request.param == "given":
        return Keys(shared=KEY)
    keyfile.ensure(tmp_path / "keys", now=NOW)
    return Keys(file=tmp_path / "keys", clock=clock)


@pytest.fixture
def tokens(keys: Keys, clock: Clock) -> Tokens:
    return Tokens(keys, life_seconds=60, clock=clock)


def claims_with(changes: Mapping[str, object]) -> dict[str, object]:
    """Good claims with these changes; None takes one away."""
    claims: dict[str, object] = {
        "iss": "mlservice",
        "aud": "mlservice",
        "sub": "ada",
        "iat": NOW,
        "nbf": NOW,
        "exp": NOW + 60,
        "jti": "1",
        "scope": "train",
    }
    claims |= changes
    return {name: value for name, value in claims.items() if value is not None}


def signed(key: Key, changes: Mapping[str, object] = NOTHING, *, kid: str | None = None) -> str:
    """A token with these claims changed, signed with this key."""
    headers = {"kid": key.kid if kid is None else kid}
    return jwt.encode(claims_with(changes), key.signing, algorithm=key.algorithm, headers=headers)


def shared(secret: str, *, kid: str, algorithm: str = "HS256") -> str:
    """A good token, but for its signature with a shared secret."""
    # By hand: PyJWT does not sign with what looks like a public key.
    return jwt.PyJWS().encode(b"{}", secret, algorithm=algorithm, headers={"kid": kid})


def unsigned(kid: str) -> str:
    """A token with `alg: none`."""
    payload = signed(Keys(shared=KEY).signing()).split(".")[1]
    header = base64.urlsafe_b64encode(f'{{"alg":"none","kid":"{kid}"}}'.encode()).decode().rstrip("=")
    return f"{header}.{payload}."


def tampered(key: Key) -> str:
    header, _, signature = signed(key).split(".")
    _, payload, _ = signed(key, {"scope": "admin"}).split(".")
    return f"{header}.{payload}.{signature}"


def test_a_token_says_who_and_what(tokens: Tokens, keys: Keys) -> None:
    token = tokens.issue("ada", ["train", "estimate:housing"], series="s")
    assert (token.expires_in, token.scope) == (60, "estimate:housing train")
    principal = tokens.verify(token.access_token)
    assert (principal.name, principal.scopes) == ("ada", frozenset({"train", "estimate:housing"}))
    assert (principal.issued_at, principal.expires_at) == (NOW, NOW + 60)
    claims = jwt.decode(token.access_token, options={"verify_signature": False})
    assert claims.keys() == {"iss", "aud", "sub", "iat", "nbf", "exp", "jti", "scope", "series"}
    assert (principal.token_id, principal.series) == (claims["jti"], "s")
    header = jwt.get_unverified_header(token.access_token)
    assert (header["kid"], header["alg"]) == (keys.signing().kid, keys.signing().algorithm)


def test_no_two_tokens_are_the_same(tokens: Tokens) -> None:
    assert len({tokens.issue("ada", ["train"], series="s").access_token for _ in range(2)}) == 2


def test_all_processes_with_the_keys_agree(tokens: Tokens, keys: Keys, clock: Clock) -> None:
    other = Tokens(keys, life_seconds=5, clock=clock)
    assert other.verify(tokens.issue("ada", ["train"], series="s").access_token).name == "ada"


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "\u00e9.\u00e9.\u00e9", "x" * 5000])
def test_what_is_no_token_is_refused(tokens: Tokens, token: str) -> None:
    with pytest.raises(Unauthenticated, match="malformed"):
        tokens.verify(token)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"aud": "elsewhere"}, "another service"),
        ({"iss": "elsewhere"}, "another service"),
        ({"exp": NOW}, "expired"),
        ({"exp": "soon"}, "wrong type"),
        ({"exp": True}, "wrong type"),
        ({"exp": float("nan")}, "wrong type"),
        ({"exp": float("inf")}, "wrong type"),
        ({"iat": "now"}, "wrong type"),
        ({"scope": ["train"]}, "wrong type"),
        ({"sub": 7}, "malformed"),
        ({"jti": 7}, "malformed"),
        ({"series": 7}, "wrong type"),
        *(({claim: None}, claim) for claim in ("sub", "exp", "aud", "iat", "nbf", "jti", "scope")),
    ],
)
def test_claims_that_are_refused(tokens: Tokens, keys: Keys, changes: Mapping[str, object], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        tokens.verify(signed(keys.signing(), changes))


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda key: signed(key)[:-2], "another key|malformed"),
        (lambda key: signed(key, kid="unknown"), "another key"),
        (lambda key: signed(Keys(shared="another" * 6).signing(), kid=key.kid), "another key|not signed with"),
        (tampered, "another key"),
        (lambda key: unsigned(key.kid), "not signed with"),
        (lambda key: shared("k" * 64, kid=key.kid, algorithm="HS512"), "not signed with"),
        (lambda _: jwt.encode(claims_with({}), "k" * 64, algorithm="HS512"), "names no key|not signed with"),
    ],
)
def test_signatures_that_are_refused(tokens: Tokens, keys: Keys, make: Callable[[Key], str], reason: str) -> None:
    with pytest.raises(Unauthenticated, match=reason):
        tokens.verify(make(keys.signing()))


def test_a_public_key_is_no_shared_secret(tmp_path: Path, clock: Clock) -> None:
    keyfile.ensure(tmp_path / "keys", now=NOW)
    keys = Keys(file=tmp_path / "keys", shared=KEY, clock=clock)
    public = keys.signing().checking.public_bytes_raw()
    for kid in (keys.signing().kid, SHARED_KID):
        forged = jwt.encode(claims_with({}), public, algorithm="HS256", headers={"kid": kid})
        with pytest.raises(Unauthenticated, match="not signed with EdDSA" if kid != SHARED_KID else "another key"):
            Tokens(keys, life_seconds=60, clock=clock).verify(forged)
    confused = signed(keys.signing(), kid=SHARED_KID)
    with pytest.raises(Unauthenticated, match="not signed with HS256"):
        Tokens(keys, life_seconds=60, clock=clock).verify(confused)


def test_a_token_without_a_key_id_means_the_given_key(clock: Clock) -> None:
    token = jwt.encode(claims_with({}), KEY, algorithm="HS256")
    assert Tokens(Keys(shared=KEY), life_seconds=60, clock=clock).verify(token).name == "ada"


def test_a_token_expires(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue("ada", ["train"], series="s").access_token
    clock.now += 59
    assert tokens.verify(token).name == "ada"
    clock.now += 1
    with pytest.raises(Unauthenticated, match="expired"):
        tokens.verify(token)


def test_a_token_is_good_where_the_clock_goes_back(tokens: Tokens, clock: Clock) -> None:
    token = tokens.issue("ada", ["train"], series="s").access_token
    clock.now -= 3600
    assert tokens.verify(token).series == "s"
