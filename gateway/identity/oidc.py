"""Tokens of an outside OpenID Connect issuer: its keys, and what its claims mean here."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Any, Final

import jwt

from gateway.identity import tokens
from gateway.identity.accounts import OUTSIDE, OUTSIDE_NAME
from gateway.identity.issuer import IssuerKeys
from gateway.identity.scopes import known
from gateway.identity.tokens import Principal
from tasks.config.settings import Settings
from tasks.errors import Unauthenticated

#: Claims that a token of the issuer must have (OpenID Connect Core, 2).
CLAIMS: Final = ("iss", "aud", "iat", "exp")
#: What the setting of the scope claim says if scopes are given by accounts here.
NO_CLAIM: Final = "none"


class OutsideIssuer:
    """Verifies the issuer's tokens. Callers are named `oidc:NAME`, so that nobody there is anybody here."""

    def __init__(
        self,
        keys: IssuerKeys,
        *,
        issuer: str,
        audience: str,
        name_claim: str = "sub",
        scope_claim: str = "scope",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._name_claim = name_claim
        self._scope_claim = scope_claim
        self._clock = clock

    @property
    def scoped(self) -> bool:
        """True if tokens carry our scopes; else accounts here have them."""
        return self._scope_claim != NO_CLAIM

    def issued(self, token: str) -> bool:
        """True if the token says that it is from this issuer. Nothing is verified."""
        if len(token) > tokens.TOKEN_LIMIT:
            return False
        try:
            claims = jwt.decode(token, options={"verify_signature": False})
        except jwt.PyJWTError:
            return False
        return claims.get("iss") == self._issuer

    async def verify(self, token: str) -> Principal:
        """Who this token speaks for. Raises Unauthenticated; Unavailable if the issuer's keys cannot be had."""
        key = await self._keys.find(tokens.header(token).get("kid"))
        return self._principal(
            token, tokens.decode(token, key, audience=self._audience, issuer=self._issuer, required=CLAIMS)
        )

    def read(self, token: str) -> Principal:
        """What this token says, with its signature unverified: enough to end it, and for nothing else. Raises
        Unauthenticated if it says too little, or has expired."""
        try:
            claims = jwt.decode(token, options={"verify_signature": False, "require": list(CLAIMS)})
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"the token is malformed: {error}") from error
        return self._principal(token, claims)

    def _principal(self, token: str, claims: dict[str, Any]) -> Principal:
        issued, expires = tokens.times(claims, now=self._clock())
        return Principal(self._name(claims), self._scopes(claims), expires, issued, _token_id(token, claims))

    def _name(self, claims: dict[str, Any]) -> str:
        name = claims.get(self._name_claim)
        if not (isinstance(name, str) and OUTSIDE_NAME.fullmatch(name)):
            raise Unauthenticated(f"the token's claim {self._name_claim} is no name of 1 to 200 ASCII characters")
        return OUTSIDE + name

    def _scopes(self, claims: dict[str, Any]) -> frozenset[str]:
        """Those of the claim, text or a list, that are ours; an issuer has others too."""
        claimed = claims.get(self._scope_claim, ())
        words = claimed.split() if isinstance(claimed, str) else claimed
        if not isinstance(words, list | tuple):
            return frozenset()
        return frozenset(word for word in words if isinstance(word, str) and known(word))


def open_issuer(settings: Settings) -> OutsideIssuer | None:
    """What verifies tokens of the issuer that the settings name; None if they name none."""
    if not settings.oidc_issuer:
        return None
    return OutsideIssuer(
        IssuerKeys(settings.oidc_issuer, jwks_url=settings.oidc_jwks_url),
        issuer=settings.oidc_issuer,
        audience=settings.oidc_audience,
        name_claim=settings.oidc_name_claim,
        scope_claim=settings.oidc_scope_claim,
    )


def _token_id(token: str, claims: dict[str, Any]) -> str:
    """What the token is revoked by. Its own id may be one of ours, or missing."""
    own = claims.get("jti")
    return OUTSIDE + (own if isinstance(own, str) and own else hashlib.sha256(token.encode()).hexdigest())
