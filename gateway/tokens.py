"""Bearer tokens: signed statements of who is calling and what they may do (RFC 7519, HS256)."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import jwt

from tasks.errors import Unauthenticated

#: Issuer and audience of our tokens.
ISSUER: Final = "mlservice"
#: The one algorithm that is signed with and accepted.
ALGORITHM: Final = "HS256"
#: Claims that a token must have.
CLAIMS: Final = ("iss", "aud", "sub", "iat", "exp", "scope")
#: Seconds by which the clocks of two gateways may differ.
SKEW_SECONDS: Final = 30
#: Most verified tokens that are remembered.
CACHE_SIZE: Final = 4096
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


class Tokens:
    """Issues and verifies tokens with one key. Safe to share between threads."""

    def __init__(
        self,
        key: str,
        *,
        life_seconds: int,
        clock: Callable[[], float] = time.time,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        self._key = key
        self._life = life_seconds
        self._clock = clock
        self._cache_size = cache_size
        self._cache: dict[str, Principal] = {}
        # Guards changes of the cache only. Looking up is one atomic step and takes no lock.
        self._changing = threading.Lock()

    def issue(self, name: str, scopes: Iterable[str]) -> Token:
        """A token for this account, good for `life_seconds` from now."""
        now = int(self._clock())
        scope = " ".join(sorted(scopes))
        claims = {
            "iss": ISSUER,
            "aud": ISSUER,
            "sub": name,
            "iat": now,
            "nbf": now,
            "exp": now + self._life,
            "jti": uuid.uuid4().hex,
            "scope": scope,
        }
        return Token(jwt.encode(claims, self._key, algorithm=ALGORITHM), self._life, scope)

    def verify(self, token: str) -> Principal:
        """Who this token speaks for. Raises Unauthenticated, which says what is wrong with the token."""
        known = self._cache.get(token)
        if known is not None and self._clock() < known.expires_at:
            return known
        principal = self._principal(_claims(token, self._key))
        self._remember(token, principal)
        return principal

    def forget(self, name: str) -> None:
        """Drop what is remembered of this account's tokens."""
        with self._changing:
            for token in [t for t, principal in self._cache.items() if principal.name == name]:
                del self._cache[token]

    def _principal(self, claims: dict[str, Any]) -> Principal:
        name, scope = claims["sub"], claims["scope"]
        times = issued, expires, begins = claims["iat"], claims["exp"], claims.get("nbf", claims["iat"])
        if not (isinstance(scope, str) and all(type(t) in (int, float) for t in times)):
            raise Unauthenticated("the token has a claim of the wrong type")
        now = self._clock()
        if not now < expires:
            raise Unauthenticated("the token has expired; get a new one from /v1/token")
        if max(issued, begins) > now + SKEW_SECONDS:
            raise Unauthenticated("the token is not valid yet")
        return Principal(name, frozenset(scope.split()), float(expires), float(issued))

    def _remember(self, token: str, principal: Principal) -> None:
        with self._changing:
            while len(self._cache) >= self._cache_size:
                del self._cache[next(iter(self._cache))]
            self._cache[token] = principal


def _claims(token: str, key: str) -> dict[str, Any]:
    """The claims of a token with our signature, issuer and audience. The times are checked by our own clock."""
    if len(token) > TOKEN_LIMIT:
        raise Unauthenticated("the token is malformed: it is too long")
    try:
        return jwt.decode(
            token,
            key,
            algorithms=[ALGORITHM],
            audience=ISSUER,
            issuer=ISSUER,
            options={"require": list(CLAIMS), "verify_exp": False, "verify_nbf": False, "verify_iat": False},
        )
    except jwt.InvalidTokenError as error:
        raise Unauthenticated(_reason(error)) from error


def _reason(error: jwt.InvalidTokenError) -> str:
    match error:
        case jwt.InvalidSignatureError():
            return "the token was signed with another key"
        case jwt.InvalidAlgorithmError():
            return f"the token is not signed with {ALGORITHM}"
        case jwt.MissingRequiredClaimError():
            return f"the token lacks the claim {error.claim}"
        case jwt.InvalidAudienceError() | jwt.InvalidIssuerError():
            return "the token was issued for another service"
        case _:
            return "the token is malformed"
