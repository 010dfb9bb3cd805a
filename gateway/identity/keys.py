"""The keys that sign and check tokens: Ed25519 keys in a file that may be rotated, or one given HS256 key.

Each key has one algorithm. A token says which key it was signed with and has no say in the algorithm (RFC 8725, 3.1),
so that a public key can never be taken for a shared secret.
"""

from __future__ import annotations

import base64
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.identity import keyfile
from tasks.config.settings import Settings
from tasks.config.values import PREFIX
from tasks.errors import SettingsError

log = logging.getLogger(__name__)

#: The algorithm of keys in the file, and of a key that is given.
FILE_ALGORITHM: Final = "EdDSA"
SHARED_ALGORITHM: Final = "HS256"
#: What tokens call the key that is given.
SHARED_KID: Final = "shared"


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key and the one algorithm it is used with. Times are seconds since the epoch."""

    kid: str
    algorithm: str
    #: What signs, and what checks a signature, as PyJWT takes them.
    signing: Any = field(repr=False)
    checking: Any = field(repr=False)
    created_at: float = 0.0
    ends_at: float | None = None

    def jwk(self) -> dict[str, str]:
        """The public half as a JWK (RFC 8037)."""
        x = base64.urlsafe_b64encode(self.checking.public_bytes_raw()).decode().rstrip("=")
        return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": FILE_ALGORITHM, "kid": self.kid, "x": x}


class Keys:
    """All keys of one installation. The file is read again when it changes, so that nothing has to be told."""

    def __init__(self, *, file: Path | None = None, shared: str = "", clock: Callable[[], float] = time.time) -> None:
        """Raises SettingsError if there is no key, or a file that is none."""
        self._file = file
        self._clock = clock
        self._shared = _shared(shared) if shared else None
        self._seen: tuple[int, ...] = ()
        self._kept: tuple[Key, ...] = ()
        if file is not None:
            keyfile.read(file)
        elif self._shared is None:
            raise SettingsError(
                f"{PREFIX}TOKEN_KEYS_FILE, {PREFIX}TOKEN_KEY or {PREFIX}TOKEN_KEY_FILE must give a key for tokens"
            )

    def all(self) -> list[Key]:
        """The keys that are honoured now; the first one signs."""
        now = self._clock()
        kept = [key for key in self._current() if key.ends_at is None or now < key.ends_at]
        return kept if self._shared is None else [*kept, self._shared]

    def signing(self) -> Key:
        """The key that new tokens are signed with."""
        return self.all()[0]

    def find(self, kid: str | None) -> Key | None:
        """The key that a token names, if it is honoured. A token without a name means the given key."""
        if kid is None:
            return self._shared
        return next((key for key in self.all() if key.kid == kid), None)

    def public(self) -> list[dict[str, str]]:
        """What others need to check tokens: the public halves as JWKs; a given key has none."""
        return [key.jwk() for key in self.all() if key.algorithm == FILE_ALGORITHM]

    def _current(self) -> tuple[Key, ...]:
        if self._file is None:
            return ()
        try:
            stat = os.stat(self._file)  # noqa: PTH116 - 1 us less than Path.stat, for each token that is looked at.
            seen = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
            if seen != self._seen:
                self._kept = tuple(_from_file(entry) for entry in keyfile.read(self._file))
                self._seen = seen
        except (OSError, SettingsError) as error:
            # The keys that were good so far still are: an operator's slip must not end the service.
            if not self._kept:
                raise
            log.error("the keys of tokens stay as they were: %s", error)
        return self._kept


def open_keys(settings: Settings) -> Keys:
    """The keys that the settings name. A file signs, if there is one; a given key is honoured then, else it signs.

    Raises SettingsError if there is none, or one that cannot be used.
    """
    file = Path(settings.token_keys_file) if settings.token_keys_file else None
    return Keys(file=file, shared=settings.given_key())


def _from_file(entry: keyfile.Entry) -> Key:
    private = Ed25519PrivateKey.from_private_bytes(entry.seed)
    return Key(
        kid=entry.kid,
        algorithm=FILE_ALGORITHM,
        signing=private,
        checking=private.public_key(),
        created_at=entry.created_at,
        ends_at=entry.ends_at,
    )


def _shared(key: str) -> Key:
    return Key(kid=SHARED_KID, algorithm=SHARED_ALGORITHM, signing=key, checking=key)
