"""Secrets of webhooks, and signatures by them: Standard Webhooks 1.0, symmetric (`v1`)."""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterable
from typing import Final

import msgspec

from tasks.errors import InvalidField

#: What a secret begins with, as it is written.
PREFIX: Final = "whsec_"
#: Least and most bytes of a secret, and those of a new one.
LEAST_BYTES: Final = 24
MOST_BYTES: Final = 64
NEW_BYTES: Final = 32


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A secret, as it is written, and until when it signs (seconds since the epoch); None: until it is replaced."""

    value: str
    until: float | None = None


def new_secret() -> str:
    """A secret that nobody can guess."""
    return PREFIX + base64.b64encode(os.urandom(NEW_BYTES)).decode()


def check_secret(text: object) -> str:
    """The secret, if it may be one. Raises InvalidField, which does not repeat it."""
    if not isinstance(text, str) or not text.startswith(PREFIX):
        raise InvalidField(f"secret must begin with {PREFIX}, followed by base64").at("/secret")
    try:
        key = base64.b64decode(text.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidField(f"secret must be the base64 of its bytes, after {PREFIX}").at("/secret") from None
    if not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise InvalidField(
            f"secret must be {LEAST_BYTES} to {MOST_BYTES} bytes long, not {len(key)}; leave it out to get a new one"
        ).at("/secret")
    return text


def headers(message: str, *, at: float, payload: bytes, secrets: Iterable[Secret]) -> list[tuple[str, str]]:
    """The header fields of a message that is sent at this time, signed with each secret that signs then.

    The library `standardwebhooks` checks these; it is not used to make them: its `sign` takes the time of day of a
    datetime whatever its zone, and bytes by their repr.
    """
    seconds = int(at)
    signed = f"{message}.{seconds}.".encode() + payload
    signatures = " ".join(f"v1,{_sign(secret.value, signed)}" for secret in valid(secrets, at=at))
    return [("webhook-id", message), ("webhook-timestamp", str(seconds)), ("webhook-signature", signatures)]


def valid(secrets: Iterable[Secret], *, at: float) -> list[Secret]:
    """Those that sign at this time."""
    return [secret for secret in secrets if secret.until is None or secret.until > at]


def _sign(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
