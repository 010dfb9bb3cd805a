"""Dead letters: items that were given up, kept with their bodies for inspection and replay.

A group is among them for as long as one of its items is. A letter's final state never changes: a replay is new work.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, Media
from tasks.errors import InvalidField, Unavailable, UnknownTask
from tasks.ledger.acceptance import acceptance
from tasks.ledger.groups import Group, Head, new_group_id, parse_handle, read_bodies, read_heads
from tasks.ledger.outcomes import Failure, Outcome, is_given_up, read_failure, read_reply
from tasks.ledger.store import Ledger
from tasks.redis_keys import DEAD_KEY, GROUP_KEY
from tasks.storage.scripts import register
from tasks.storage.stores import kept_bytes, read_kept

#: How many groups are looked up together.
_PAGE: Final = 50


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """One item that was given up. Times are seconds since the epoch."""

    id: str
    owner: str
    kind: Kind
    model: str
    lane: Lane
    #: Media type of the body, and its size; None if it lay outside the record and is missing.
    media: Media
    body_bytes: int | None
    submitted_at: float
    started_at: float | None
    finished_at: float
    #: How often it was delivered, and how often tried again after an error that passes.
    deliveries: int
    retries: int
    error: Failure


class _Group:
    """The record of a group among the dead letters."""

    def __init__(self, group: str, record: dict[bytes, bytes]) -> None:
        self.id = group
        self.record = record
        self.heads: list[Head] = read_heads(record[b"heads"])
        self.placed = read_bodies(record[b"bodies"])
        self.outcomes: list[Outcome] = read_reply(record[b"outcomes"]).outcomes
        self.given_up = [index for index, outcome in enumerate(self.outcomes) if is_given_up(outcome)]
        self.left = [index for index in self.given_up if b"taken%d" % index not in record]

    def again(self, index: int, body: bytes) -> Group:
        """The item as new work. Its deadline is over or meant for then, so it has none."""
        head = self.heads[index]
        asked_at = head.asked_at or float(self.record[b"submitted_at"])
        head = msgspec.structs.replace(head, deadline=None, asked_at=asked_at)
        kind, lane = Kind(self.record[b"kind"].decode()), Lane(self.record[b"lane"].decode())
        return Group(id=new_group_id(), kind=kind, lane=lane, heads=[head], bodies=[body])


class DeadLetters:
    """The dead letters in one Redis. They are known by the handles of the work that was given up."""

    def __init__(self, client: redis.Redis, ledger: Ledger, *, settings: Settings | None = None) -> None:
        self._redis = client
        self._ledger = ledger
        self._life_seconds = (settings or Settings()).result_life_seconds
        self._drop = register(client, "tasks/ledger/lua/drop_letter.lua")
        self._replay = register(client, "tasks/ledger/lua/replay_letter.lua")

    def list(self, *, limit: int, after: str | None = None) -> tuple[list[DeadLetter], str | None]:
        """A page of letters, those that were given up last first, and the handle to go on `after`, None at the end.

        Raises InvalidField for an unknown `after`; one that was replayed or dropped is known while its result is kept.
        """
        found: list[DeadLetter] = []
        for letter in self._letters(after):
            if len(found) == limit:
                return found, found[-1].id
            found.append(letter)
        return found, None

    def show(self, handle: str) -> DeadLetter:
        """One letter. Raises UnknownTask."""
        return self._letter(*self._find(handle))

    def body(self, handle: str) -> bytes:
        """The letter's body. Raises UnknownTask, Unavailable."""
        group, index = self._find(handle)
        placed = group.placed[index]
        try:
            return read_kept(placed, self._redis) if isinstance(placed, str) else placed
        except Unavailable:
            # Whoever took the letter out meanwhile has removed its body too.
            self._find(handle)
            raise

    def replay(self, handle: str) -> str:
        """Accept the letter's work anew, for the same owner, and take the letter out. Returns the new handle.

        Raises UnknownTask, also if it was replayed or dropped meanwhile; Unavailable; what Redis raises. Unless it is
        known to be accepted, the letter stays.
        """
        letters, index = self._find(handle)
        group = letters.again(index, self.body(handle))
        placed = self._ledger.place(group)
        keys, args = acceptance(group, placed)
        try:
            gone = self._replay(keys=[*keys, *_keys(letters)], args=[*args, *self._args(letters, index)])
        except redis.exceptions.ResponseError:
            self._ledger.unplace(placed)
            raise
        if gone:
            self._ledger.unplace(placed)
            raise _unknown(handle)
        self._ledger.unplace([letters.placed[index]])
        return f"{group.id}-0"

    def drop(self, handle: str) -> None:
        """Take the letter out and remove its body. Raises UnknownTask."""
        letters, index = self._find(handle)
        if self._drop(keys=_keys(letters), args=self._args(letters, index)):
            raise _unknown(handle)
        self._ledger.unplace([letters.placed[index]])

    def _find(self, handle: str) -> tuple[_Group, int]:
        group, index = parse_handle(handle)
        found = self._group(group)
        if found is None or index not in found.left:
            raise _unknown(handle)
        return found, index

    def _group(self, group: str) -> _Group | None:
        record: Any = self._redis.hgetall(GROUP_KEY.format(group=group))
        # Work in progress has bodies and no outcomes, what has ended otherwise or is taken out has no bodies.
        return _Group(group, record) if b"bodies" in record and b"outcomes" in record else None

    def _letters(self, after: str | None) -> Iterator[DeadLetter]:
        last, last_index, top = "", -1, None
        if after is not None:
            last, last_index = parse_handle(after)
            top = self._given_up_at(last)
        for name, score in self._named(top):
            if score == top and name > last:
                continue
            group = self._group(name)
            if group is not None:
                skip = last_index if name == last else -1
                yield from (self._letter(group, index) for index in group.left if index > skip)

    def _named(self, top: float | None) -> Iterator[tuple[str, float]]:
        """The groups and when they were given up, from that time backwards."""
        start = 0
        newest = "+inf" if top is None else repr(top)
        while True:
            page: Any = self._redis.zrange(
                DEAD_KEY, newest, "-inf", byscore=True, desc=True, offset=start, num=_PAGE, withscores=True
            )
            if not page:
                return
            yield from ((name.decode(), score) for name, score in page)
            start += len(page)

    def _given_up_at(self, group: str) -> float:
        found: Any = self._redis.hget(GROUP_KEY.format(group=group), "finished_at")
        if found is None:
            raise InvalidField("after must be the id of a dead letter that the list gave not long ago").at("?after")
        return float(found)

    def _letter(self, group: _Group, index: int) -> DeadLetter:
        head, record, placed = group.heads[index], group.record, group.placed[index]
        started = record.get(b"started_at")
        return DeadLetter(
            id=f"{group.id}-{index}",
            owner=head.owner,
            kind=Kind(record[b"kind"].decode()),
            model=head.model,
            lane=Lane(record[b"lane"].decode()),
            media=head.media,
            body_bytes=kept_bytes(placed, self._redis) if isinstance(placed, str) else len(placed),
            submitted_at=float(record[b"submitted_at"]),
            started_at=float(started) if started else None,
            finished_at=float(record[b"finished_at"]),
            deliveries=int(record[b"fence"]) - int(record.get(b"excused", 0)),
            retries=int(record.get(b"retries", 0)),
            error=read_failure(group.outcomes[index].body),
        )

    def _args(self, group: _Group, index: int) -> tuple[Any, ...]:
        return group.id, index, len(group.given_up), self._life_seconds


def _keys(group: _Group) -> list[str]:
    return [GROUP_KEY.format(group=group.id), DEAD_KEY]


def _unknown(handle: str) -> UnknownTask:
    return UnknownTask(f"there is no dead letter {handle}: it was replayed or dropped, is no longer kept, or never was")
