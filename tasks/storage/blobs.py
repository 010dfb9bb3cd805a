"""Bytes too large for a record: the contract of every store, and how what lies in one is named.

Artefacts and snapshots are put for good, by content hash. Bodies and results are kept for a while, under a reference
that says where they are, so that any process can read it whatever its own setting is.
"""

from __future__ import annotations

import hashlib
import os
from typing import Final, Protocol

import msgspec

from tasks.errors import Unavailable

#: What comes between a group's id and the rest of the name of what is kept for it.
OF_GROUP: Final = "-"


class Kept(msgspec.Struct, frozen=True):
    """What is kept for a group: a body, until it is dropped; or a result, for a while."""

    reference: str
    #: Empty if the name does not say it.
    group: str
    is_body: bool


class Blobs(Protocol):
    """Where bytes live that are too large for a record. A blob never changes. Times are seconds since the epoch."""

    def put(self, data: bytes) -> str:
        """Store bytes for good, safe from a crash of the machine, and return their digest. Twice is no error, and makes
        the blob as young as a new one."""

    def get(self, digest: str) -> bytes:
        """The bytes with this digest. Raises Unavailable if they are missing or damaged."""

    def keep(self, data: bytes, *, group: str, life_seconds: int | None) -> str:
        """Store bytes for a group for a while, or until they are dropped, and return a reference to them."""

    def put_before(self, before: float) -> list[str]:
        """The digests of what was put for the last time before that."""

    def discard(self, digest: str, *, before: float) -> bool:
        """Remove what was put, unless it was put again since then."""

    def kept_before(self, before: float) -> list[Kept]:
        """What was kept before that, does not go by itself, and was not dropped."""


def name_for(group: str) -> str:
    """A new name for what is kept for a group."""
    return f"{group}{OF_GROUP}{os.urandom(8).hex()}"


def group_of(name: str) -> str:
    """The group that a name is for; empty if it does not say."""
    group, separator, _ = name.partition(OF_GROUP)
    return group if separator else ""


def digest_of(data: bytes) -> str:
    """The name of what is put."""
    return hashlib.sha256(data).hexdigest()


def checked(digest: str, data: bytes | None) -> bytes:
    """The bytes, if they are those of this digest. Raises Unavailable."""
    if data is None:
        raise Unavailable(f"the blob {digest} is missing: is the blob store the one that it was written to?")
    if digest_of(data) != digest:
        raise Unavailable(f"the blob {digest} is damaged in the blob store")
    return data
