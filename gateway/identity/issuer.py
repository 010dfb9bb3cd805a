"""The public keys of an OpenID Connect issuer, fetched in a thread and kept."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from gateway.identity.keys import Key
from tasks.config.values import check_outside_url
from tasks.errors import SettingsError, Unauthenticated, Unavailable

log = logging.getLogger(__name__)

#: Where an issuer says where its keys are (OpenID Connect Discovery, 4).
DISCOVERY: Final = "/.well-known/openid-configuration"
#: The algorithms that are accepted. None of them has a shared secret, and a key has the one that it names.
ALGORITHMS: Final = frozenset(
    ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
)
#: After so long the keys are fetched again; keys that cannot be are good for so much longer (seconds).
FRESH_SECONDS: Final = 300.0
STALE_SECONDS: Final = 3600.0
#: They are fetched no more often than this, whatever tokens say (seconds).
PAUSE_SECONDS: Final = 5.0
#: Longest wait for the issuer's answer (seconds); a token waits for two at most.
TIMEOUT_SECONDS: Final = 3.0
#: Longest discovery document, and set of keys, that is read (bytes).
DOCUMENT_BYTES: Final = 256 * 1024
#: Most keys that an issuer may have: reading 20,000 held up the event loop for a second.
MOST_KEYS: Final = 100
#: Shortest modulus of an RSA key.
LEAST_RSA_BITS: Final = 2048


class IssuerKeys:
    """The issuer's keys in this process. One fetch at a time, which all who need it wait for."""

    def __init__(
        self,
        issuer: str,
        *,
        jwks_url: str = "",
        timeout_seconds: float = TIMEOUT_SECONDS,
        pause_seconds: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._jwks_url = jwks_url
        self._timeout = timeout_seconds
        self._pause = pause_seconds
        self._clock = clock
        self._keys: dict[str, Key] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Future[dict[str, Key]] | None = None

    async def find(self, kid: object) -> Key:
        """The key of this name; the only key, if a token names none.

        Raises Unauthenticated if the issuer has none such, Unavailable if it cannot be asked.
        """
        found = self._find(kid)
        age = self._clock() - self._fetched_at
        if found is not None and age < FRESH_SECONDS:
            return found
        failed = not await self._refresh()
        if failed and (found is None or age > STALE_SECONDS):
            raise Unavailable("the issuer of the token cannot be asked for its keys; try again in a moment")
        found = self._find(kid)
        if found is None:
            raise Unauthenticated("the token was signed with a key that its issuer does not have")
        return found

    def _find(self, kid: object) -> Key | None:
        if kid is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(kid) if isinstance(kid, str) else None

    async def _refresh(self) -> bool:
        """Fetch the keys, unless that was tried just now. False if the last try failed."""
        if self._fetching is None and self._clock() - self._tried_at >= self._pause:
            self._fetching = asyncio.ensure_future(asyncio.to_thread(self._fetch))
            self._fetching.add_done_callback(self._keep)
        if self._fetching is not None:
            # The time-out of a socket starts anew with every byte; a request does not wait for an issuer that dawdles.
            done, _ = await asyncio.wait((self._fetching,), timeout=2 * self._timeout + 1)
            if not done:
                return False
        return self._fetched_at >= self._tried_at

    def _keep(self, done: asyncio.Future[dict[str, Key]]) -> None:
        self._fetching, self._tried_at = None, self._clock()
        if done.cancelled():
            return
        error = done.exception()
        if error is None:
            self._keys, self._fetched_at = done.result(), self._tried_at
        else:
            log.warning("the keys of the issuer %s cannot be fetched: %s", self._issuer, error)

    def _fetch(self) -> dict[str, Key]:
        """The keys that can be used, by name. Raises OSError and ValueError if they cannot be had, SettingsError."""
        entries = self._read(self._jwks_url or self._discovered()).get("keys")
        if not isinstance(entries, list) or len(entries) > MOST_KEYS:
            raise SettingsError(f"its keys are no list of at most {MOST_KEYS}")
        found = [key for entry in entries if (key := read_key(entry)) is not None]
        if not found:
            raise SettingsError("it has no key that can be used here")
        return {key.kid: key for key in found}

    def _discovered(self) -> str:
        """Where the discovery document says that the keys are. Raises SettingsError if it is another issuer's."""
        document = self._read(self._issuer.rstrip("/") + DISCOVERY)
        if document.get("issuer") != self._issuer:
            raise SettingsError("its discovery document names another issuer")
        url = str(document.get("jwks_uri"))
        check_outside_url("jwks_uri", url)
        return url

    def _read(self, url: str) -> dict[str, Any]:
        """The JSON object at a URL. Raises OSError, ValueError, and SettingsError for anything else or a longer one."""
        opener = urllib.request.build_opener(_NoRedirect())
        with opener.open(url, timeout=self._timeout) as answer:
            text = answer.read(DOCUMENT_BYTES + 1)
        if len(text) > DOCUMENT_BYTES:
            raise SettingsError(f"what is at {url} is longer than {DOCUMENT_BYTES} bytes")
        document = json.loads(text)
        if not isinstance(document, dict):
            raise SettingsError(f"what is at {url} is no JSON object")
        return document


def read_key(entry: Any) -> Key | None:
    """The key of one entry of a JWK set (RFC 7517); None if it is none that checks a signature here.

    RSA keys of fewer than 2,048 bits are none (RFC 7518, 3.3 and 3.5).
    """
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    try:
        key = jwt.PyJWK(entry)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if key.algorithm_name not in ALGORITHMS:
        return None
    if isinstance(key.key, RSAPublicKey) and key.key.key_size < LEAST_RSA_BITS:
        log.warning("the issuer's key %s is refused: it has fewer than %d bits", key.key_id, LEAST_RSA_BITS)
        return None
    return Key(kid=key.key_id or "", algorithm=key.algorithm_name, signing=None, checking=key.key)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: it could lead away from https."""

    def redirect_request(self, *_: Any) -> None:
        return None
