"""The file of the keys that sign tokens. Standard library only, so that what makes the file needs no cryptography.

A JSON object `{"keys": [{"kid", "d", "created_at", "ends_at"}]}`: `d` is the private half of an Ed25519 key (RFC 8032,
32 bytes) in base64url, as in a JWK (RFC 8037); times are seconds since the epoch. The first key signs; the others are
honoured until `ends_at`.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

from tasks.errors import SettingsError

#: Bytes of a private key.
SEED_BYTES: Final = 32


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One key as it is kept."""

    #: What tokens name it by.
    kid: str
    #: Its private half.
    d: str = field(repr=False)
    created_at: float
    #: When it is honoured no longer; None for the key that signs.
    ends_at: float | None = None

    @property
    def seed(self) -> bytes:
        """The bytes of the private half."""
        return base64.urlsafe_b64decode(self.d + "=" * (-len(self.d) % 4))


def read(path: Path) -> tuple[Entry, ...]:
    """The keys of the file, the one that signs first. Raises SettingsError, which shows no secret."""
    try:
        entries = tuple(Entry(**entry) for entry in json.loads(path.read_text())["keys"])
        well_formed = bool(entries) and all(len(entry.seed) == SEED_BYTES and entry.kid for entry in entries)
    except OSError as error:
        raise SettingsError(f"the keys of tokens, {path}, cannot be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        well_formed = False
    if not well_formed:
        # From None: what it was raised from may quote the file.
        raise SettingsError(f"{path} is no file of keys: restore it, or delete it and start again") from None
    return entries


def ensure(path: Path, *, now: float) -> None:
    """Make the file with one key if it is missing; let nobody else read it."""
    with _held(path.parent):
        if path.exists():
            path.chmod(0o600)
        else:
            _write(path, [_new(now)])


def rotate(path: Path, *, now: float, keep_seconds: float) -> Entry:
    """Sign with a new key from now on, which is returned; honour the others for as long, and drop those that ended."""
    with _held(path.parent):
        new = _new(now)
        ending = [replace(entry, ends_at=entry.ends_at or now + keep_seconds) for entry in read(path)]
        _write(path, [new, *(entry for entry in ending if (entry.ends_at or now) > now and keep_seconds > 0)])
    return new


def _new(now: float) -> Entry:
    d = base64.urlsafe_b64encode(secrets.token_bytes(SEED_BYTES)).decode().rstrip("=")
    return Entry(kid=secrets.token_hex(8), d=d, created_at=now)


def _write(path: Path, entries: Sequence[Entry]) -> None:
    """Whole or not at all: gateways read it at any time."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        json.dump({"keys": [asdict(entry) for entry in entries]}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """One change at a time."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
