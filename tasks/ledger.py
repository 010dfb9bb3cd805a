"""The durable record of accepted work; the truth. Celery is its transport.

One Redis hash holds a group: the heads and bodies of its items, who has claimed it, and the outcomes. A handle is
`<group>-<index>`. What changes a record runs as one transaction or one script, so that it is never half done.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import redis

from tasks import scripts
from tasks.blobs import Blobs, RedisBlobs, drop_kept, read_kept
from tasks.contract import (
    CANARY_TASK,
    GROUP_KEY,
    HANDLE,
    MODEL_KEY,
    PENDING_KEY,
    REPLY_CHANNEL,
    TASKS,
    WATCHERS_KEY,
    Kind,
    Lane,
    Media,
    State,
)
from tasks.errors import FenceLost, UnknownTask
from tasks.message import message

#: Bodies and results over so many bytes lie outside the record.
INLINE_BYTES: Final = 256 * 1024
#: Results up to so many bytes a group travel in the reply; larger ones are read from the record.
REPLY_BYTES: Final = 1024 * 1024
#: A canary that no worker took in this time is dropped.
CANARY_SECONDS: Final = 5.0


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
    #: Query parameters that the worker reads: target, estimator, options, version.
    query: dict[str, str] = {}


class Group(msgspec.Struct, frozen=True):
    """Work of one kind and lane that is accepted together. `heads` and `bodies` have the same length."""

    id: str
    kind: Kind
    lane: Lane
    heads: Sequence[Head]
    bodies: Sequence[bytes]
    #: The process that waits for the outcome; empty if none does.
    reply: str = ""


class Claim(msgspec.Struct, frozen=True):
    """A worker's right to finish a group, for as long as its fence is the newest."""

    group: str
    kind: Kind
    lane: Lane
    fence: int
    heads: list[Head]
    bodies: list[bytes]
    #: The current version of each model that the group is about, where it has one.
    currents: dict[str, int]
    #: References of the bodies that lie outside the record.
    kept: list[str]
    #: The version that an earlier claim of this train has already added.
    version: int | None = None


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How one item ended. The body of a failure is the JSON of a `Failure`."""

    state: State
    media: str
    body: bytes | None


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What the worker tells the waiting process: the outcomes of all items, in order."""

    group: str
    outcomes: list[Outcome]


class Failure(msgspec.Struct, frozen=True):
    """An error as it is kept: the name of its class, its message, the field at fault."""

    type: str
    detail: str
    pointer: str | None = None


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
    media: str


_heads = msgspec.msgpack.Encoder()
read_heads = msgspec.msgpack.Decoder(list[Head]).decode
_reply = msgspec.msgpack.Encoder()
read_reply = msgspec.msgpack.Decoder(Reply).decode
read_failure = msgspec.json.Decoder(Failure).decode


def new_group_id() -> str:
    """A new id that nobody can guess: 32 hexadecimal digits."""
    return os.urandom(16).hex()


def parse_handle(handle: str) -> tuple[str, int]:
    """(group, index) of a handle. Raises UnknownTask for anything that is no handle."""
    match = HANDLE.fullmatch(handle)
    if match is None:
        raise UnknownTask(f"there is no task {handle[:80]!r}")
    return match[1], int(match[2])


class Ledger:
    """The record of accepted work in one Redis. Every method is one round trip, unless bytes are large.

    Bodies and results over `inline_bytes` are kept in `blobs` (Redis if none are given), with a reference in the
    record: field `B0` instead of `b0`, `R0` instead of `r0`.
    """

    def __init__(self, client: redis.Redis, blobs: Blobs | None = None, *, inline_bytes: int = INLINE_BYTES) -> None:
        self._redis = client
        self._blobs = blobs or RedisBlobs(client)
        self.inline_bytes = inline_bytes
        self._accept = client.register_script(scripts.ACCEPT)
        self._claim = client.register_script(scripts.CLAIM)
        self._finish = client.register_script(scripts.FINISH)
        self._progress = client.register_script(scripts.PROGRESS)

    def accept(self, group: Group) -> None:
        """Record the group and publish its message, both or neither. When this returns, the work is accepted."""
        placed = self.place(group)
        try:
            keys, args = acceptance(group, placed)
            self._accept(keys=keys, args=args)
        except redis.exceptions.ResponseError:
            self.unplace(placed)
            raise

    def place(self, group: Group) -> list[tuple[str, bytes | str]]:
        """(field, value) of each body in the record: its bytes, or a reference where they are kept."""
        return [
            ("b", body) if len(body) <= self.inline_bytes else ("B", self._blobs.keep(body, life_seconds=None))
            for body in group.bodies
        ]

    def unplace(self, placed: list[tuple[str, bytes | str]]) -> None:
        """Drop what was kept for a group that was refused for certain. After a broken connection it is not."""
        for field, value in placed:
            if field == "B":
                drop_kept(str(value), self._redis)

    def claim(self, group: str) -> Claim | None:
        """Take the group to work on it; None if it is finished or unknown, and the message may be dropped."""
        found = self._claim(keys=[GROUP_KEY.format(group=group)], args=[MODEL_KEY.format(model="")])
        if not found:
            return None
        flat, currents = found
        record: dict[bytes, bytes] = dict(zip(flat[::2], flat[1::2], strict=True))
        heads = read_heads(record[b"heads"])
        return Claim(
            group=group,
            kind=Kind(record[b"kind"].decode()),
            lane=Lane(record[b"lane"].decode()),
            fence=int(record[b"fence"]),
            heads=heads,
            bodies=[self._body(record, index) for index in range(len(heads))],
            kept=[value.decode() for name, value in record.items() if name.startswith(b"B")],
            currents={
                model.decode(): int(number)
                for model, number in zip(currents[::2], currents[1::2], strict=True)
                if number
            },
            version=int(record[b"version"]) if b"version" in record else None,
        )

    def finish(self, claim: Claim, outcomes: Sequence[Outcome], *, life_seconds: int) -> None:
        """Write the outcome of every item, end the group and wake who waits. Raises FenceLost, and changes nothing,
        if another worker has claimed the group meanwhile or it is finished."""
        small = sum(len(outcome.body or b"") for outcome in outcomes) <= REPLY_BYTES
        told = list(outcomes) if small else [Outcome(o.state, o.media, None) for o in outcomes]
        args: list[Any] = [claim.fence, life_seconds, _reply.encode(Reply(claim.group, told)), claim.group]
        args.append(REPLY_CHANNEL.format(process=""))
        for outcome in outcomes:
            args += [outcome.state, outcome.media, *self._placed(outcome.body or b"", life_seconds)]
        pending = PENDING_KEY.format(kind=claim.kind.value)
        keys = [GROUP_KEY.format(group=claim.group), pending, WATCHERS_KEY.format(group=claim.group)]
        if not self._finish(keys=keys, args=args):
            raise FenceLost(f"the work {claim.group} was claimed by another worker or is finished")
        for reference in claim.kept:
            drop_kept(reference, self._redis)

    def progress(self, claim: Claim, state: dict[str, Any]) -> None:
        """Show how far the work is. Raises FenceLost if another worker has claimed it meanwhile."""
        written = self._progress(
            keys=[GROUP_KEY.format(group=claim.group)], args=[claim.fence, msgspec.json.encode(state)]
        )
        if not written:
            raise FenceLost(f"the work {claim.group} was claimed by another worker or is finished")

    def read(self, handle: str) -> Task:
        """One item's state. Raises UnknownTask."""
        group, index = parse_handle(handle)
        names = ("kind", "lane", "heads", "submitted_at", "started_at", "finished_at", "progress")
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), [*names, f"s{index}", f"m{index}"])
        kind, lane, heads, submitted, started, finished, progress, state, media = values
        items = read_heads(heads) if heads else []
        if index >= len(items):
            raise UnknownTask(f"there is no task {handle}, or its result is no longer kept")
        return Task(
            id=handle,
            owner=items[index].owner,
            kind=Kind(kind.decode()),
            model=items[index].model,
            state=_state(state, started),
            lane=Lane(lane.decode()),
            submitted_at=float(submitted),
            started_at=_seconds(started),
            finished_at=_seconds(finished),
            progress=msgspec.Raw(progress) if progress else None,
            media=media.decode() if media else "",
        )

    def outcome(self, handle: str) -> Outcome | None:
        """How one item ended, with its body; None while it has not. Does not look at the owner."""
        group, index = parse_handle(handle)
        names = [f"s{index}", f"m{index}", f"r{index}", f"R{index}"]
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), names)
        state, media, body, reference = values
        if not state:
            return None
        if reference:
            body = read_kept(reference.decode(), self._redis)
        return Outcome(State(state.decode()), media.decode(), body)

    def ahead(self, task: Task) -> int:
        """How much work of the same kind was accepted earlier and is not finished."""
        rank: Any = self._redis.zrank(PENDING_KEY.format(kind=task.kind.value), parse_handle(task.id)[0])
        return int(rank or 0)

    def watch(self, group: str, process: str) -> None:
        """Have the group's outcome told to one more process. Read the state after this: it may be over already."""
        key = WATCHERS_KEY.format(group=group)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.sadd(key, process)
            pipe.expire(key, 3600)
            pipe.execute()

    def _body(self, record: dict[bytes, bytes], index: int) -> bytes:
        inline = record.get(b"b%d" % index)
        return inline if inline is not None else read_kept(record[b"B%d" % index].decode(), self._redis)

    def _placed(self, body: bytes, life_seconds: int) -> tuple[str, bytes | str]:
        """(field, value) of a result: its bytes, or a reference to them."""
        if len(body) <= self.inline_bytes:
            return "r", body
        return "R", self._blobs.keep(body, life_seconds=life_seconds)


def acceptance(group: Group, placed: Sequence[tuple[str, bytes | str]]) -> tuple[list[str], list[Any]]:
    """(keys, arguments) of the script ACCEPT for this group, whose bodies have been placed."""
    queue, data = group_message(group.id, group.kind, group.lane, heads=group.heads)
    keys = [GROUP_KEY.format(group=group.id), PENDING_KEY.format(kind=group.kind.value), queue]
    args: list[Any] = [group.id, data, "kind", group.kind.value, "lane", group.lane.value, "reply", group.reply]
    args += ["heads", _heads.encode(group.heads), "models", " ".join({head.model for head in group.heads})]
    for index, (field, value) in enumerate(placed):
        args += [f"{field}{index}", value]
    return keys, args


def send_canary(client: redis.Redis, *, process: str, token: str) -> None:
    """Send a canary through the estimate queue; a worker answers the process with an empty reply to the token."""
    expires = datetime.fromtimestamp(time.time() + CANARY_SECONDS, UTC).isoformat()
    kwargs: dict[str, object] = {"process": process, "token": token}
    queue = Kind.ESTIMATE.value
    client.lpush(*message(CANARY_TASK, task_id=token, queue=queue, lane=Lane.HIGH, kwargs=kwargs, expires=expires))


def answer_canary(client: redis.Redis, *, process: str, token: str) -> None:
    """Answer a canary."""
    client.publish(REPLY_CHANNEL.format(process=process), _reply.encode(Reply(token, [])))


def group_message(group: str, kind: Kind, lane: Lane, *, heads: Sequence[Head]) -> tuple[str, bytes]:
    """(Redis list, bytes) of the Celery message that carries a group; Flower shows what it is about, never data."""
    shown = {"model": heads[0].model, "items": len(heads), "lane": lane.value, "handle": f"{group}-0"}
    return message(TASKS[kind], task_id=group, queue=kind.value, lane=lane, kwargs={"group": group}, shown=repr(shown))


def _state(final: bytes | None, started: bytes | None) -> State:
    if final:
        return State(final.decode())
    return State.RUNNING if started else State.QUEUED


def _seconds(value: bytes | None) -> float | None:
    return float(value) if value else None
