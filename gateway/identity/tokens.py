"""Bearer tokens: signed statements of who is calling and what they may do (RFC 7519, RFC 8037)."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import jwt

from gateway.identity.account import Account
from gateway.identity.keys import Key, Keys
from gateway.identity.quotas import NO_QUOTA, Quota
from tasks.errors import Unauthenticated

#: Issuer and audience of our tokens.
ISSUER: Final = "mlservice"
#: The audience of a token that is the cookie of the pages of this service.
SESSION: Final = "mlservice/session"
#: The claim that says of which series of its account a token is; those from before there were series lack it.
SERIES: Final = "series"
#: Claims that a token of ours must have.
CLAIMS: Final = ("iss", "aud", "sub", "iat", "nbf", "exp", "jti", "scope")
#: Seconds by which the clocks of two gateways, or of an outside issuer and a gateway, may differ.
SKEW_SECONDS: Final = 30
#: Times are before this (seconds since the epoch): a float has no whole numbers above it.
LATEST_SECONDS: Final = 2**53
#: Longest token that is looked at, in characters.
TOKEN_LIMIT: Final = 4096


@dataclass(frozen=True)
class Token:
    """A new token. `expires_in` is seconds; `scope` is separated by spaces."""

    access_token: str
    expires_in: int
    scope: str


@dataclass(frozen=True)
class Principal:
    """Who is calling. Times are seconds since the epoch."""

    name: str
    scopes: frozenset[str]
    expires_at: float
    issued_at: float
    #: What names the token, so that it can be revoked.
    token_id: str = ""
    #: What the account may use in a second.
    quota: Quota = NO_QUOTA
    #: Which series of tokens the token is of; empty for one from before there were any, and for an outside one.
    series: str = ""
    #: Which account of this name it is, and what is its of the work that says no account; see `Account`.
    account: str = Account.id
    owns_since: float = Account.owns_since


class Tokens:
    """Issues and verifies tokens. Safe to share between threads. What it costs to verify is worth remembering."""

    def __init__(self, keys: Keys, *, life_seconds: int, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._life = life_seconds
        self._clock = clock

    def issue(self, name: str, scopes: Iterable[str], *, series: str, since: int = 0) -> Token:
        """A token for the account of this name, good for `life_seconds` from now; `series` and `since` are its `series`
        and `tokens_since`."""
        now = int(self._clock())
        scope = " ".join(sorted(scopes))
        claims = {
            "aud": ISSUER,
            "sub": name,
            "iat": max(now, since),
            "nbf": now,
            "exp": now + self._life,
            "jti": uuid.uuid4().hex,
            "scope": scope,
            SERIES: series,
        }
        return Token(self._signed(claims), self._life, scope)

    def derive(self, principal: Principal, *, audience: str) -> str:
        """A token of the same caller for another audience, which ends when the caller's own does, also when that is
        revoked."""
        issued = int(principal.issued_at)
        claims = {
            "aud": audience,
            "sub": principal.name,
            "iat": issued,
            "nbf": issued,
            "exp": int(principal.expires_at),
            "jti": principal.token_id,
            "scope": " ".join(sorted(principal.scopes)),
            **({SERIES: principal.series} if principal.series else {}),
        }
        return self._signed(claims)

    def verify(self, token: str, *, audience: str = ISSUER) -> Principal:
        """Who this token speaks for. Raises Unauthenticated, which says what is wrong with the token."""
        claims = decode(token, self._key(token), audience=audience, issuer=ISSUER, required=CLAIMS)
        # A token of ours is never for later: one that seems so was issued before the clock went back.
        issued, expires = times(claims, now=self._clock(), early=True)
        scope, token_id, series = claims["scope"], claims["jti"], claims.get(SERIES, "")
        if not (isinstance(scope, str) and isinstance(series, str)):
            raise Unauthenticated("the token has a claim of the wrong type")
        return Principal(claims["sub"], frozenset(scope.split()), expires, issued, token_id, series=series)

    def _signed(self, claims: dict[str, Any]) -> str:
        key = self._keys.signing()
        return jwt.encode({"iss": ISSUER, **claims}, key.signing, algorithm=key.algorithm, headers={"kid": key.kid})

    def _key(self, token: str) -> Key:
        kid = header(token).get("kid")
        key = self._keys.find(kid)
        if key is None:
            raise Unauthenticated(
                "the token names no key" if kid is None else "the token was signed with another key, or one that ended"
            )
        return key


def header(token: str) -> dict[str, Any]:
    """What the token says of its signature, unverified. Raises Unauthenticated if it is no token."""
    if len(token) > TOKEN_LIMIT:
        raise Unauthenticated("the token is malformed: it is too long")
    try:
        return jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise Unauthenticated(_reason(error, "")) from error


def decode(token: str, key: Key, *, audience: str, issuer: str, required: Iterable[str]) -> dict[str, Any]:
    """The claims of a token with this key's signature. Raises Unauthenticated."""
    try:
        return jwt.decode(
            token,
            key.checking,
            algorithms=[key.algorithm],
            audience=audience,
            issuer=issuer,
            # The times are checked by our own clock.
            options={"require": list(required), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.PyJWTError as error:
        raise Unauthenticated(_reason(error, key.algorithm)) from error


def times(claims: dict[str, Any], *, now: float, early: bool = False) -> tuple[float, float]:
    """(issued at, expires at) of a token that is good now; also, if `early` ones are, when it seems to be for later.
    Raises Unauthenticated."""
    issued, expires = claims["iat"], claims["exp"]
    begins = claims.get("nbf", issued)
    if not all(type(t) in (int, float) and abs(t) < LATEST_SECONDS for t in (issued, expires, begins)):
        raise Unauthenticated("the token has a claim of the wrong type")
    if not now < expires:
        raise Unauthenticated("the token has expired; get a new one from /v1/token")
    if not early and max(issued, begins) > now + SKEW_SECONDS:
        raise Unauthenticated("the token is not valid yet")
    return float(issued), float(expires)


def _reason(error: jwt.PyJWTError, algorithm: str) -> str:
    match error:
        case jwt.InvalidSignatureError():
            return "the token was signed with another key"
        case jwt.InvalidAlgorithmError():
            return f"the token is not signed with {algorithm}, as its key asks for"
        case jwt.MissingRequiredClaimError():
            return f"the token lacks the claim {error.claim}"
        case jwt.InvalidAudienceError() | jwt.InvalidIssuerError():
            return "the token was issued for another service"
        case _:
            return "the token is malformed"
