"""What a backup says of itself: which files it holds, of what sizes and hashes, made when and by what."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from infra.redis_server.append_only import FOLDER, MANIFEST
from tasks.errors import Conflict

#: What the file says that it is, and the form in which it does.
KIND: Final = "mlservice backup"
FORM: Final = 1
#: Where each part of a home lies in the file.
REDIS: Final = f"redis/{FOLDER}"
SECRETS: Final = "secrets"
TLS: Final = f"{SECRETS}/tls"
BLOBS: Final = "blobs"
#: The names that files may have: nothing in them leads out of a home, and nothing else is in one.
_NAME: Final = re.compile(rf"({REDIS}|{TLS}|{SECRETS}|{BLOBS}/[0-9a-z]+)/[A-Za-z0-9_][A-Za-z0-9._-]{{0,200}}")


class File(msgspec.Struct, frozen=True):
    """One file of a home."""

    name: str
    #: In bytes.
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself."""

    kind: str
    form: int
    #: The release that made it.
    made_by: str
    #: When its data were as they are in it (RFC 3339).
    made_at: str
    #: The Valkey that wrote its append-only file; a Valkey that is older may not read that.
    valkey: str
    #: Below what URL references in its records find bodies and results; empty if they are in Redis.
    blobs_url: str
    #: False: what lies at `blobs_url` is not in it.
    with_blobs: bool
    files: list[File]

    def check(self, *, valkey: str) -> None:
        """Raise Conflict if it is not for this release, with this Valkey, or names what no home has."""
        if self.kind != KIND:
            raise Conflict("it is not a backup of mlservice")
        if self.form > FORM:
            raise Conflict(f"it was made by a newer release, {self.made_by}: restore it with that one")
        if numbers(self.valkey) > numbers(valkey):
            raise Conflict(
                f"its data were written by Valkey {self.valkey}, and {valkey} here is older and may not read them:"
                f" install what made it, mlservice {self.made_by}"
            )
        names = [file.name for file in self.files]
        if wrong := next((name for name in names if _NAME.fullmatch(name) is None), None):
            raise Conflict(f"it holds {wrong!a}, which no home has")
        if len(set(names)) < len(names):
            raise Conflict("it names a file twice")
        if f"{REDIS}/{MANIFEST}" not in names:
            raise Conflict("it has no data of Redis")


def may_be(name: str) -> bool:
    """Whether a backup may hold a file of this name."""
    return _NAME.fullmatch(name) is not None


def numbers(text: str) -> tuple[int, ...]:
    """The first two numbers of a version, by which data are compatible."""
    return tuple(int(part) for part in re.findall(r"\d+", text)[:2])
