"""What the ledger tells of accepted work: one item's state and outcome, an owner's work, how much there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, Final

import msgspec
import redis

from tasks.contract import PRIORITY, Kind, Lane, State
from tasks.errors import Expired, UnknownTask
from tasks.ledger.claims import cancelled
from tasks.ledger.groups import Claim, Head, Task, parse_handle, read_heads
from tasks.ledger.outcomes import Outcome, failure, read_reply
from tasks.ledger.task_lists import FIRST, LOOK, Candidate, Filter, Found, Position, TaskLists
from tasks.redis_keys import GROUP_KEY, LEASES_KEY, PENDING_KEY, WATCHERS_KEY
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
#: What is told of one task beside these.
_TOLD: Final = ("asked", "worker", "holder")
#: A process that watches for longer has to say so again (seconds).
WATCH_SECONDS: Final = 3600
#: In how many leases at most it is looked which work runs.
LEASES: Final = 1000
#: The fields of which a list is made.
_LISTED: Final = ("heads", "states", "last_cancel", *(field for field in _FIELDS if field not in ("heads", "states")))
#: Of an owner's items in a group the index, the head and when it was cancelled.
_Items = list[tuple[int, Head, bytes | None]]


class History:
    """Reads the ledger of one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._lists = TaskLists(client, fields=_LISTED)
        self._watch = register(client, "tasks/ledger/lua/watch.lua")
        self._look = register(client, "tasks/ledger/lua/look_watched.lua")
        self._ahead = register(client, "tasks/ledger/lua/ahead.lua")

    def task(self, handle: str) -> Task:
        """One item's state. Raises UnknownTask."""
        group, index = parse_handle(handle)
        fields = (*_FIELDS, *_TOLD)
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), [*fields, f"cancel{index}"])
        record = dict(zip(fields, values, strict=False))
        heads = read_heads(record["heads"]) if record["heads"] else []
        if index >= len(heads):
            raise UnknownTask(f"there is no task {handle}, or its result is no longer kept")
        task = _task(handle, record, heads[index], index=index, cancelled_at=values[-1], now=self._now)
        worker = (record["worker"] or record["holder"] or b"").decode()
        return msgspec.structs.replace(task, query=heads[index].query, asked=record["asked"] or b"", worker=worker)

    def outcome(self, handle: str) -> Outcome | None:
        """How one item ended, with its body; None while it has not. Does not look at the owner."""
        group, index = parse_handle(handle)
        values: Any = self._redis.hmget(GROUP_KEY.format(group=group), ["outcomes"])
        if not values[0]:
            return self._unwanted(handle)
        outcomes = read_reply(values[0]).outcomes
        return self.whole(outcomes[index]) if index < len(outcomes) else None

    def errors(self, tasks: Sequence[Task]) -> dict[str, Outcome]:
        """How those of these tasks ended that failed, by id: a command for each of their groups."""
        failed = {task.id: parse_handle(task.id) for task in tasks if task.state is State.FAILED}
        groups = list(dict.fromkeys(group for group, _ in failed.values()))
        read = self._fields([(group, ["outcomes"]) for group in groups])
        kept = {group: read_reply(data).outcomes for group, (data,) in zip(groups, read, strict=True) if data}
        return {handle: kept[group][index] for handle, (group, index) in failed.items() if group in kept}

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

    def look(self, groups: Sequence[str]) -> list[bytes]:
        """Two texts for each of these groups: another one when what is to be seen of it has changed; and, while it
        waits, another one when how much is before it may have."""
        args = [GROUP_KEY.format(group=""), PENDING_KEY.partition("{")[0], "".join(f"{lane.value} " for lane in Lane)]
        found: list[bytes] = self._look(keys=[LEASES_KEY], args=[*args, *groups])
        return found

    def watch(self, group: str, process: str) -> None:
        """Have the group's outcome told to one more process. Read the state after this: it may be over already."""
        keys = [GROUP_KEY.format(group=group), WATCHERS_KEY.format(group=group)]
        self._watch(keys=keys, args=[process, WATCH_SECONDS])

    def tasks(self, wanted: Filter, *, limit: int, after: str | None = None) -> tuple[list[Task], str | None]:
        """Work of an owner or of all, newest first, and where the list goes on, None at its end.

        Raises InvalidField, UnknownTask for an `after` that is neither what a page gave nor the id of a task of theirs.
        """
        owner = wanted.owner.name if wanted.owner else None
        start = self._lists.position(after, owner) if after is not None else None
        found: list[Task] = []
        last = start
        for position, task in self._items(wanted, start):
            if len(found) == limit:
                return found, str(last)
            found.append(task)
            last = position
        return found, None

    def _items(self, wanted: Filter, start: Position | None) -> Iterator[tuple[Position, Task]]:
        """The items that are wanted, behind the position."""
        groups = self._lists.groups(wanted, start)
        size, now = FIRST, cache(self._now)
        while chunk := list(islice(groups, size)):
            for found, record, items in self._records(chunk, wanted):
                for index, head, cancelled_at in items:
                    position = Position(found, index)
                    is_behind = start is None or found != start.found or index > start.index
                    if is_behind:
                        handle = f"{found.group}-{index}"
                        task = _task(handle, record, head, index=index, cancelled_at=cancelled_at, now=now)
                        if wanted.state in (None, task.state) and (wanted.owner is None or wanted.owner.has(task)):
                            yield position, task
            size = min(2 * size, LOOK)

    def _records(self, groups: Sequence[Candidate], wanted: Filter) -> Iterator[tuple[Found, dict[str, Any], _Items]]:
        """The records of these groups that are there, with the items that may be wanted, without their bodies: a
        command each, and one more where an item of the group was cancelled."""
        unread = [group.found.group for group in groups if group.record is None]
        read = dict(zip(unread, self._fields([(group, _LISTED) for group in unread]), strict=True))
        known = []
        for found, values in groups:
            record = dict(zip(_LISTED, values or read[found.group], strict=True))
            heads = read_heads(record["heads"]) if record["heads"] else []
            known.append((found, record, [(at, head) for at, head in enumerate(heads) if wanted.may_be(head)]))
        asked = [(found.group, mine) for found, record, mine in known if record["last_cancel"] and mine]
        marks = self._fields([(group, [f"cancel{at}" for at, _ in mine]) for group, mine in asked])
        cancels = {group: values for (group, _), values in zip(asked, marks, strict=True)}
        for found, record, mine in known:
            marked = cancels.get(found.group) or [None] * len(mine)
            yield found, record, [(at, head, mark) for (at, head), mark in zip(mine, marked, strict=True)]

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
