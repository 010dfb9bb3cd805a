"""Which token an operator means who ends one."""

from __future__ import annotations

import time
from collections.abc import Iterator

import jwt
import pytest

from gateway.identity.keys import Keys
from gateway.identity.tokens import SKEW_SECONDS, Tokens
from infra.commands.revocation import name_token
from tasks.config.settings import Settings
from tasks.errors import InvalidField
from tests.issuer import AUDIENCE, Issuer

KEY = "k" * 32
ID = "0123456789abcdef" * 2
DAY = 86400


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer() as running:
        yield running


@pytest.fixture
def settings(issuer: Issuer) -> Settings:
    return Settings(token_key=KEY, token_life_seconds=60, oidc_issuer=issuer.url, oidc_audience=AUDIENCE)


def token_of(life: int, key: str = KEY, now: float = 0.0) -> str:
    clock = (lambda: now) if now else time.time
    return Tokens(Keys(shared=key), life_seconds=life, clock=clock).issue("ada", ["train"], series="s").access_token


def claims(token: str) -> dict[str, float | str]:
    found: dict[str, float | str] = jwt.decode(token, options={"verify_signature": False})
    return found


def test_a_token_of_ours_is_refused_as_long_as_it_lives_whatever_the_settings_say_now(settings: Settings) -> None:
    token = token_of(7 * DAY)
    named = name_token(token, settings)
    assert (named.token_id, named.owner) == (claims(token)["jti"], "ada")
    assert named.until == float(claims(token)["exp"]) + SKEW_SECONDS > time.time() + 6 * DAY
    assert str(named).startswith(f"{named.token_id} of ada is refused until 20")


def test_a_token_of_the_outside_issuer_is_read_without_asking_it(settings: Settings, issuer: Issuer) -> None:
    expires = int(time.time()) + 30 * DAY
    for jti in ("7", "a b", None):
        named = name_token(issuer.token(exp=expires, jti=jti), settings)
        assert (named.owner, named.until) == ("oidc:ada", expires + SKEW_SECONDS)
        assert named.token_id.startswith(f"oidc:{jti or ''}")
    assert issuer.asked == []


def test_of_a_bare_id_nobody_knows_the_end(settings: Settings) -> None:
    for token_id in (ID, "oidc:7"):
        named = name_token(token_id, settings)
        assert (named.token_id, named.owner, named.until) == (token_id, "", None)
        assert "for ever" in str(named)


@pytest.mark.parametrize("text", ["", "7", "nonsense", ID.upper(), ID[1:], f"{ID}-0", "a.b", "oidc:", "oidc:a b", "*"])
def test_what_is_neither_token_nor_id_is_refused(settings: Settings, text: str) -> None:
    with pytest.raises(InvalidField, match="neither a token nor the id of one"):
        name_token(text, settings)


def test_a_token_that_is_refused_anyway_is_not_said_to_be_ended(settings: Settings, issuer: Issuer) -> None:
    for token, reason in (
        ("a.b.c", "malformed"),
        (token_of(60, key="x" * 32), "another key"),
        (token_of(60, now=1000.0), "expired"),
        (issuer.token(exp=1000), "expired"),
        (issuer.token(exp=None), "malformed"),
        (issuer.token(iss="https://example.org"), "names no key|another key"),
    ):
        with pytest.raises(InvalidField, match=f"nothing was ended.*({reason})"):
            name_token(token, settings)


def test_without_an_outside_issuer_it_has_no_tokens() -> None:
    with pytest.raises(InvalidField, match="no outside issuer"):
        name_token("oidc:7", Settings(token_key=KEY))
