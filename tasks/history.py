"""What the ledger tells of accepted work: one item's state and outcome, an owner's work, how much there is."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import redis

from tasks import scripts
from tasks.blobs import read_kept
from tasks.claims import cancelled
from tasks.contract import (
    GROUP_KEY,
    OWNER_KEY,
    PENDING_KEY,
    WATCHERS_KEY,
    Kind,
    Lane,
    State,
)
from tasks.errors import Expired, InvalidField, UnknownTask
from tasks.groups import Head, Outcome, Task, failure, parse_handle, read_heads, read_reply

#: The states by the letter that stands for them in a record.
_STATES: Final = {ord(state.value[0]): state for state in State if state.final}
#: The fields that a state is made of.
_FIELDS: Final = (
    *("kind", "lane", "heads", "submitted_at", "started_at", "finished_at"),
    *("progress", "states", "retries", "retry_error"),
)
#: A process that watches for longer has to say so again (seconds).
WATCH_SECONDS: Final = 3600
#: How many groups are read together, and how many at most for one page.
_PAGE: Final = 50
_LIMIT: Final = 2000


class History:
    """Reads the ledger of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._watch = client.register_script(scripts.WATCH)

    def task(self, handle: str) -> Task:
        """One item's state. Raises UnknownTask."""
        group, index = parse_handle(handle)
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), [*_FIELDS, f"cancel{index}"])
        record = dict(zip(_FIELDS, values, strict=False))
        heads = read_heads(record["heads"]) if record["heads"] else []
        if index >= len(heads):
            raise UnknownTask(f"there is no task {handle}, or its result is no longer kept")
        return _task(handle, record, heads[index], index=index, is_cancelled=values[-1] is not None)

    def outcome(self, handle: str) -> Outcome | None:
        """How one item ended, with its body; None while it has not. Does not look at the owner."""
        group, index = parse_handle(handle)
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), ["outcomes"])
        if not values[0]:
            return self._unwanted(handle)
        outcomes = read_reply(values[0]).outcomes
        return self.whole(outcomes[index]) if index < len(outcomes) else None

    def whole(self, outcome: Outcome) -> Outcome:
        """The outcome with its bytes, wherever they are."""
        if not outcome.reference:
            return outcome
        return Outcome(outcome.state, outcome.media, read_kept(outcome.reference, self._redis), rows=outcome.rows)

    def ahead(self, task: Task) -> int:
        """How much work of the same kind and lane was accepted earlier and is not finished, in groups."""
        key = PENDING_KEY.format(kind=task.kind.value, lane=task.lane.value)
        rank: Any = self._redis.zrank(key, parse_handle(task.id)[0])
        return int(rank or 0)

    def watch(self, group: str, process: str) -> None:
        """Have the group's outcome told to one more process. Read the state after this: it may be over already."""
        keys = [GROUP_KEY.format(group=group), WATCHERS_KEY.format(group=group)]
        self._watch(keys=keys, args=[process, WATCH_SECONDS])

    def tasks(
        self, owner: str, *, limit: int, state: State | None = None, model: str | None = None, after: str | None = None
    ) -> tuple[list[Task], str | None]:
        """An owner's work, newest first, and the handle to go on `after`, None at the end.

        A page may be shorter than `limit`, even empty, and not be the last. Raises InvalidField for an unknown `after`.
        """
        found: list[Task] = []
        last = after
        for seen, task in enumerate(self._owned(owner, after)):
            if len(found) == limit or seen == _LIMIT:
                return found, last
            last = task.id
            if (state is None or task.state is state) and (model is None or task.model == model):
                found.append(task)
        return found, None

    def _owned(self, owner: str, after: str | None) -> Iterator[Task]:
        key = OWNER_KEY.format(owner=owner)
        start, skip = 0, ("", -1)
        if after is not None:
            skip = parse_handle(after)
            rank: Any = self._redis.zrevrank(key, skip[0])
            if rank is None:
                raise InvalidField("after must be the id of one of your tasks that are still kept").at("?after")
            start = int(rank)
        while groups := self._page(key, start):
            yield from (
                task
                for group in groups
                for task in self._items(group, owner, after=skip[1] if group == skip[0] else -1)
            )
            start += len(groups)

    def _page(self, key: str, start: int) -> list[str]:
        members: Any = self._redis.zrevrange(key, start, start + _PAGE - 1)
        return [member.decode() for member in members]

    def _items(self, group: str, owner: str, *, after: int) -> Iterator[Task]:
        values: Any = self._redis.hgetall(GROUP_KEY.format(group=group))
        if not values:
            return
        record = {name: values.get(name.encode()) for name in _FIELDS}
        for index, head in enumerate(read_heads(record["heads"])):
            if head.owner == owner and index > after:
                gone = b"cancel%d" % index in values
                yield _task(f"{group}-{index}", record, head, index=index, is_cancelled=gone)

    def _unwanted(self, handle: str) -> Outcome | None:
        """The outcome of an item that no worker will start any more, though its group is not finished."""
        try:
            state = self.task(handle).state
        except UnknownTask:
            return None
        if state is State.CANCELLED:
            return failure(cancelled(), state)
        return failure(expired(), state) if state is State.EXPIRED else None


def expired() -> Expired:
    """The error of work that was not started in time."""
    return Expired("the deadline passed before the work started; submit it again with a later one")


def _task(handle: str, record: dict[str, Any], head: Head, *, index: int, is_cancelled: bool) -> Task:
    return Task(
        id=handle,
        owner=head.owner,
        kind=Kind(record["kind"].decode()),
        model=head.model,
        state=_state(record, head, index=index, is_cancelled=is_cancelled),
        lane=Lane(record["lane"].decode()),
        submitted_at=float(record["submitted_at"]),
        started_at=_seconds(record["started_at"]),
        finished_at=_seconds(record["finished_at"]),
        progress=msgspec.Raw(record["progress"]) if record["progress"] else None,
        retries=int(record["retries"] or 0),
        retry_error=record["retry_error"].decode(errors="replace") if record["retry_error"] else None,
    )


def _state(record: dict[str, Any], head: Head, *, index: int, is_cancelled: bool) -> State:
    if record["states"]:
        return _STATES[record["states"][index]]
    if record["started_at"]:
        return State.RUNNING
    if is_cancelled:
        return State.CANCELLED
    if head.deadline is not None and head.deadline < time.time():
        return State.EXPIRED
    return State.QUEUED


def _seconds(value: bytes | None) -> float | None:
    return float(value) if value else None
