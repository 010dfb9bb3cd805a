"""What the ledger tells of accepted work: one item's state and outcome, an owner's work, how much there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any, Final

import msgspec
import redis

from tasks.contract import PRIORITY, Kind, Lane, State
from tasks.errors import Expired, InvalidField, UnknownTask
from tasks.ledger.claims import cancelled
from tasks.ledger.groups import Claim, Head, Owner, Task, parse_handle, read_heads
from tasks.ledger.outcomes import Outcome, failure, read_reply
from tasks.redis_keys import GROUP_KEY, LEASES_KEY, OWNER_KEY, PENDING_KEY, WATCHERS_KEY
from tasks.storage.redis_clock import redis_time
from tasks.storage.scripts import register
from tasks.storage.stores import read_kept

#: The states by the letter that stands for them in a record.
_STATES: Final = {ord(state.value[0]): state for state in State if state.final}
#: The fields that a state is made of.
_FIELDS: Final = (
    *("kind", "lane", "heads", "submitted_at", "started_at", "finished_at"),
    *("progress", "states", "retries", "retry_error", "version"),
)
#: A process that watches for longer has to say so again (seconds).
WATCH_SECONDS: Final = 3600
#: In how many leases at most it is looked which work runs.
LEASES: Final = 1000
#: How many groups are read together, and how many at most for one page.
_PAGE: Final = 50
_LIMIT: Final = 2000


class History:
    """Reads the ledger of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._watch = register(client, "tasks/ledger/lua/watch.lua")
        self._ahead = register(client, "tasks/ledger/lua/ahead.lua")

    def task(self, handle: str) -> Task:
        """One item's state. Raises UnknownTask."""
        group, index = parse_handle(handle)
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), [*_FIELDS, f"cancel{index}"])
        record = dict(zip(_FIELDS, values, strict=False))
        heads = read_heads(record["heads"]) if record["heads"] else []
        if index >= len(heads):
            raise UnknownTask(f"there is no task {handle}, or its result is no longer kept")
        return _task(handle, record, heads[index], index=index, cancelled_at=values[-1], now=self._now)

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
        return msgspec.structs.replace(outcome, body=read_kept(outcome.reference, self._redis), reference="")

    def ahead(self, task: Task) -> int:
        """How much queued work of the same kind will be taken before it, in groups: a train or init is one, estimates
        that came together are one. What runs is not counted, nor what waits for being tried again; that is exact while
        there is no more of both than LEASES."""
        before = [lane for lane in Lane if PRIORITY[lane] < PRIORITY[task.lane]]
        keys = [PENDING_KEY.format(kind=task.kind.value, lane=lane.value) for lane in (task.lane, *before)]
        return int(self._ahead(keys=[LEASES_KEY, *keys], args=[parse_handle(task.id)[0], LEASES]))

    def watch(self, group: str, process: str) -> None:
        """Have the group's outcome told to one more process. Read the state after this: it may be over already."""
        keys = [GROUP_KEY.format(group=group), WATCHERS_KEY.format(group=group)]
        self._watch(keys=keys, args=[process, WATCH_SECONDS])

    def tasks(
        self,
        owner: Owner,
        *,
        limit: int,
        state: State | None = None,
        model: str | None = None,
        after: str | None = None,
    ) -> tuple[list[Task], str | None]:
        """An owner's work, newest first, and the handle to go on `after`, None at the end.

        A page may be shorter than `limit`, even empty, and not be the last. Raises InvalidField for an unknown `after`.
        """
        found: list[Task] = []
        last = after
        for seen, task in enumerate(self._owned(owner.name, after)):
            if len(found) == limit or seen == _LIMIT:
                return found, last
            last = task.id
            if owner.has(task) and state in (None, task.state) and model in (None, task.model):
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
            for task in self._items(groups, owner):
                group, index = parse_handle(task.id)
                if group != skip[0] or index > skip[1]:
                    yield task
            # What was accepted meanwhile stands before it, what has gone no longer does.
            place: Any = self._redis.zrevrank(key, groups[-1])
            start = start + len(groups) if place is None else int(place) + 1

    def _page(self, key: str, start: int) -> list[str]:
        members: Any = self._redis.zrange(key, start, start + _PAGE - 1, desc=True)
        return [member.decode() for member in members]

    def _items(self, groups: Sequence[str], owner: str) -> Iterator[Task]:
        """The owner's items of these groups, in two round trips, without their bodies."""
        records = [dict(zip(_FIELDS, found, strict=True)) for found in self._fields([(g, _FIELDS) for g in groups])]
        items = [
            (group, record, index, head)
            for group, record in zip(groups, records, strict=True)
            if record["heads"]
            for index, head in enumerate(read_heads(record["heads"]))
            if head.owner == owner
        ]
        cancels = self._fields([(group, [f"cancel{index}"]) for group, _, index, _ in items])
        now = cache(self._now)
        for (group, record, index, head), cancel in zip(items, cancels, strict=True):
            yield _task(f"{group}-{index}", record, head, index=index, cancelled_at=cancel[0], now=now)

    def _now(self) -> float:
        return redis_time(self._redis)

    def _fields(self, wanted: Sequence[tuple[str, Sequence[str]]]) -> list[list[bytes | None]]:
        """Fields of the records of groups."""
        with self._redis.pipeline(transaction=False) as pipe:
            for group, fields in wanted:
                pipe.hmget(GROUP_KEY.format(group=group), list(fields))
            found: list[list[bytes | None]] = pipe.execute()
            return found

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


def unwanted(claim: Claim) -> dict[int, Outcome]:
    """The outcomes of the items of a group that had ended before it was claimed: they were cancelled, or past their
    deadline."""
    outcomes = {index: failure(cancelled(), State.CANCELLED) for index in claim.cancelled}
    for index, head in enumerate(claim.heads):
        if head.deadline is not None and head.deadline <= claim.started_at:
            outcomes.setdefault(index, failure(expired(), State.EXPIRED))
    return outcomes


def _task(
    handle: str,
    record: dict[str, Any],
    head: Head,
    *,
    index: int,
    cancelled_at: bytes | None,
    now: Callable[[], float],
) -> Task:
    state, began = _state(record, head, index=index, cancelled_at=_seconds(cancelled_at), now=now)
    return Task(
        id=handle,
        owner=head.owner,
        kind=Kind(record["kind"].decode()),
        model=head.model,
        state=state,
        lane=Lane(record["lane"].decode()),
        submitted_at=float(record["submitted_at"]),
        asked_at=head.asked_at or float(record["submitted_at"]),
        started_at=began,
        finished_at=_seconds(record["finished_at"]),
        progress=msgspec.Raw(record["progress"]) if record["progress"] else None,
        retries=int(record["retries"] or 0),
        account=head.account,
        retry_error=record["retry_error"].decode(errors="replace") if record["retry_error"] else None,
    )


def _state(
    record: dict[str, Any], head: Head, *, index: int, cancelled_at: float | None, now: Callable[[], float]
) -> tuple[State, float | None]:
    """An item's state, and when its work began. What ended before the group was claimed has not begun, and stays what
    it was when a worker takes the group for its neighbours."""
    began = _seconds(record["started_at"])
    ended = None
    if record["version"] is None and cancelled_at is not None and (began is None or cancelled_at <= began):
        ended = State.CANCELLED
    elif record["version"] is None and head.deadline is not None:
        ended = State.EXPIRED if head.deadline <= (now() if began is None else began) else None
    if record["states"]:
        state = _STATES[record["states"][index]]
        return state, None if state is ended else began
    if ended is not None:
        return ended, None
    return (State.QUEUED, None) if began is None else (State.RUNNING, began)


def _seconds(value: bytes | None) -> float | None:
    return float(value) if value else None
