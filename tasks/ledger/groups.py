"""What a group of accepted work is made of, and how it is written down."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from tasks.contract import HANDLE, Coding, Kind, Lane, Media, State
from tasks.errors import UnknownTask
from tasks.ledger.outcomes import Outcome


class Head(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one item without reading its body."""

    owner: str
    model: str
    #: Media type of the body.
    media: Media = Media.JSON
    #: Media type asked for the result.
    accept: Media = Media.JSON
    #: When the work is no longer wanted if it has not started: seconds since the epoch.
    deadline: float | None = None
    #: Query parameters that the worker reads: target, estimator, options, version, explain.
    query: dict[str, str] = {}
    #: What the request was called by who sent it, or by NGINX.
    request_id: str = ""
    #: The `traceparent` of its submission; empty if it is not traced.
    trace: str = ""
    #: When its owner asked for it, if that was before it was accepted (seconds since the epoch): it is a replay.
    asked_at: float | None = None
    #: How the body is compressed.
    coding: Coding | None = None
    #: Which account of the owner's name asked for it; empty for work of no account, and from before this was said.
    account: str = ""
    #: The body's Content-Type as it came (charset, boundary), where it says more or other than `media`.
    content_type: str = ""

    @property
    def said(self) -> str:
        """What was said of the body's type."""
        return self.content_type or self.media.value


class Owner(NamedTuple):
    """Whose tasks a caller may see: those of this account of the name; of those that say no account, what was asked for
    since then (seconds since the epoch). Without an account: those of all that had the name."""

    name: str
    account: str = ""
    since: float = 0.0

    def has(self, task: Task) -> bool:
        """Whether the task is one of them."""
        if task.owner != self.name:
            return False
        return task.account == self.account if task.account and self.account else task.asked_at >= self.since


class Group(msgspec.Struct, frozen=True):
    """Work of one kind and lane that is accepted together. `heads` and `bodies` have the same length."""

    id: str
    kind: Kind
    lane: Lane
    heads: Sequence[Head]
    bodies: Sequence[bytes]
    #: The process that waits for the outcome; empty if none does.
    reply: str = ""


class Current(msgspec.Struct, frozen=True, array_like=True):
    """The current version of a model, and what tells it from any other that had this number."""

    version: int
    identity: str


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """A worker's right to finish a group, for as long as its fence is the newest."""

    group: str
    kind: Kind
    lane: Lane
    fence: int
    #: When its work began, by the clock of Redis: seconds since the epoch.
    started_at: float
    #: When it was accepted, by that clock.
    submitted_at: float = 0.0
    #: Which delivery this is, from 1, without those that ended through no fault of the work.
    delivery: int
    #: How often it was tried again after an error that passes.
    retries: int
    heads: list[Head]
    #: The bodies as the record holds them: a text refers to bytes that lie elsewhere.
    placed: list[bytes | str]
    #: The current version of each model that the group is about, where it has one.
    currents: dict[str, Current]
    #: The bytes of the bodies, once they are read.
    bodies: list[bytes] = []
    #: The items that were cancelled before the claim.
    cancelled: frozenset[int] = frozenset()
    #: The version that an earlier claim of this train has already added.
    version: int | None = None
    #: True if the last claim ran into its hard time limit.
    timed_out: bool = False
    #: True if the last claim's process was ended for its memory.
    over_memory: bool = False
    #: What earlier claims left behind that worked on one item after the other: outcomes by index; the item whose work
    #: ended its worker; how often each item was begun alone.
    parts: dict[int, Outcome] = {}
    trying: int | None = None
    strikes: dict[int, int] = {}

    def version_asked(self, head: Head) -> int | None:
        """The version that an item of an estimate asks for: the one it names, or the current one."""
        if self.kind is not Kind.ESTIMATE:
            return None
        if (named := head.query.get("version", "")).isdecimal():
            return int(named)
        current = self.currents.get(head.model)
        return current.version if current else None


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One item as its owner may see it. Times are seconds since the epoch."""

    id: str
    owner: str
    kind: Kind
    model: str
    state: State
    lane: Lane
    submitted_at: float
    started_at: float | None
    finished_at: float | None
    progress: msgspec.Raw | None
    #: How often it was tried again after an error that passes, and the last such error.
    retries: int = 0
    retry_error: str | None = None
    #: When its owner asked for it; of a replay that is earlier than its submission.
    asked_at: float = 0.0
    #: Which account of the owner's name asked for it; empty where that is not known.
    account: str = ""
    #: What was asked for with it: parameters of the query; of a train its body too, where that is small. Not in lists.
    query: dict[str, str] = {}
    asked: bytes = b""
    #: Which worker has it, or ended it; empty where that is not known. Not in lists.
    worker: str = ""


_pack = msgspec.msgpack.Encoder().encode
read_heads = msgspec.msgpack.Decoder(list[Head]).decode


def read_bodies(data: bytes) -> list[bytes | str]:
    """The bodies of a record: the bytes of each, or where they lie."""
    found: list[bytes | str] = msgspec.msgpack.decode(data)
    return found


def pack(value: Any) -> bytes:
    """A value as it is kept in the record."""
    return _pack(value)


def new_group_id() -> str:
    """A new id that nobody can guess: 32 hexadecimal digits."""
    return os.urandom(16).hex()


def parse_handle(handle: str) -> tuple[str, int]:
    """(group, index) of a handle. Raises UnknownTask for anything that is no handle."""
    match = HANDLE.fullmatch(handle)
    if match is None:
        raise UnknownTask(f"there is no task {handle[:80]!r}")
    return match[1], int(match[2])


def rows_by_owner(claim: Claim, outcomes: Sequence[Outcome]) -> bytes:
    """How many rows were predicted for each owner: owner and rows, in turn, as `pack` writes them; nothing if there are
    none."""
    rows: Counter[str] = Counter()
    for head, outcome in zip(claim.heads, outcomes, strict=True):
        if outcome.rows:
            rows[head.owner] += outcome.rows
    return pack([part for owner in rows.items() for part in owner]) if rows else b""
