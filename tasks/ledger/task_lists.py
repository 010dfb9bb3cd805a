"""Finds accepted work by kind, model, state and time, the newest first, at the cost of what is found.

There are lists of each owner's work. That of all owners is put together from them, so that a request costs nothing more
for those who look at all: it costs them a step for each owner.

What a filter leaves over comes from the narrowest list that there is. What has not ended is in no list of its own,
because each estimate would have to be put there and taken away: it is found among what is leased or pending.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, NamedTuple

import redis

from tasks.contract import Kind, Lane, State
from tasks.errors import InvalidField
from tasks.ledger.groups import Head, Owner, parse_handle
from tasks.ledger.task_index import LISTED, list_key
from tasks.redis_keys import GROUP_KEY, LEASES_KEY, PENDING_KEY, UNFINISHED_KEY, USERS_KEY
from tasks.storage.scripts import register

#: How many groups are looked at in one step at most, and how many are picked in the first one, for one may hold a page;
#: then twice as many each time.
LOOK: Final = 1000
FIRST: Final = 4
#: While no more than so many groups are pending, those that are an owner's are sought among them.
FEW: Final = 1000
#: Which groups a step picks: by what the states of their items hold, or that there are none yet.
_ANY, _UNFINISHED, _SUCCEEDED = "", "-", State.SUCCEEDED.value[0]
#: An account and the id of a request that are named in what a step picks; empty for any.
Named = tuple[str, str]


class Filter(NamedTuple):
    """Which tasks; None is any. Times are seconds since the epoch: from `since` on, before `until`."""

    owner: Owner | None
    kind: Kind | None = None
    model: str | None = None
    state: State | None = None
    since: float | None = None
    until: float | None = None
    #: What the request was called that brought it; what is not finished is looked through for it, so it is slower.
    request_id: str | None = None

    def may_be(self, head: Head) -> bool:
        """Whether an item with this head is one of them, unless its state or account says otherwise."""
        whose = None if self.owner is None else self.owner.name
        return (
            whose in (None, head.owner)
            and self.model in (None, head.model)
            and self.request_id in (None, head.request_id)
        )


class Found(NamedTuple):
    """A group. They are ordered by when they were accepted, then by their ids."""

    accepted_at: float
    group: str


class Candidate(NamedTuple):
    """A group that may hold such work, with the fields of its record where they were read meanwhile."""

    found: Found
    record: list[bytes | None] | None = None


@dataclass(frozen=True)
class Position:
    """Where a list goes on: behind an item of a group."""

    found: Found
    index: int

    def __str__(self) -> str:
        return f"{self.found.group}-{self.index}-{round(self.found.accepted_at * 1e6)}"


class TaskLists:
    """The lists of one Redis."""

    def __init__(self, client: redis.Redis, *, fields: Sequence[str]) -> None:
        """`fields`: what is read of records; `heads` and `states` are the first."""
        self._redis, self._fields = client, fields
        self._walk = register(client, "tasks/ledger/lua/walk_tasks.lua")

    def position(self, text: str, owner: str | None) -> Position:
        """The position that a page gave as its end; also one of the owner's own tasks, or of anybody's, by its id
        alone, while it is kept. Raises InvalidField, UnknownTask for what is neither."""
        handle, _, moment = text.rpartition("-")
        if "-" in handle and moment.isascii() and moment.isdigit() and len(moment) < 20:
            group, index = parse_handle(handle)
            microseconds = int(moment)
            # As the script writes times: so is each the same number again.
            accepted_at = float(f"{microseconds // 10**6}.{microseconds % 10**6:06d}")
            return Position(Found(accepted_at, group), index)
        group, index = parse_handle(text)
        with self._redis.pipeline(transaction=False) as pipe:
            for name in self._owners() if owner is None else [owner]:
                for kind in Kind:
                    pipe.zscore(list_key(kind, name), bytes.fromhex(group))
            scores = [score for score in pipe.execute() if score is not None]
        if not scores:
            raise InvalidField("after must be what `next` of a page said, or the id of a task of yours").at("?after")
        return Position(Found(scores[0], group), index)

    def groups(self, wanted: Filter, after: Position | None) -> Iterator[Candidate]:
        """The groups that may hold such work, the newest first, from the position on: its own group is the first."""
        top = after.found.accepted_at if after else float("inf")
        if wanted.until is not None:
            top = min(top, wanted.until)
        kinds = [wanted.kind] if wanted.kind else list(Kind)
        owners = self._owners() if wanted.owner is None else [wanted.owner.name]
        streams = [stream for kind in kinds for owner in owners for stream in self._streams(wanted, kind, owner, top)]
        # One that ends badly is in two of them for a moment; one of several owners in the lists of each.
        for found, same in groupby(heapq.merge(*streams, key=attrgetter("found"), reverse=True), attrgetter("found")):
            if not (after and found > after.found) and (wanted.until is None or found.accepted_at < wanted.until):
                yield next(same)

    def _owners(self) -> list[str]:
        """Whose work there may be."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.hkeys(UNFINISHED_KEY)
            pipe.smembers(USERS_KEY)
            with_work, accounts = pipe.execute()
        return sorted(name.decode() for name in {*with_work, *accounts})

    def _streams(self, wanted: Filter, kind: Kind, owner: str, top: float) -> Iterator[Iterator[Candidate]]:
        """What holds all such work of a kind and an owner, each with its newest first."""
        key = list_key(kind, owner, model=wanted.model)
        named = (wanted.owner.account if wanted.owner else "", wanted.request_id or "")
        state, bottom = wanted.state, wanted.since if wanted.since is not None else float("-inf")
        if state is None or state is State.SUCCEEDED:
            picked = _ANY if state is None else _SUCCEEDED
            yield self._walked(key, top, bottom, picked, named)
        if state in LISTED:
            ended = list_key(kind, owner, model=wanted.model, state=state)
            yield self._walked(ended, top, bottom, _ANY, named)
        if state is State.RUNNING:
            leased: Any = self._redis.zrange(LEASES_KEY, 0, -1)
            yield self._among(key, leased, top, bottom)
        if state in (State.QUEUED, State.EXPIRED):
            # What is past its deadline while others of its group are not has ended, and its group has not.
            yield self._unfinished(kind, key, top, bottom, named)

    def _unfinished(self, kind: Kind, key: str, top: float, bottom: float, named: Named) -> Iterator[Candidate]:
        """The groups of a list that are not finished."""
        lanes = [PENDING_KEY.format(kind=kind.value, lane=lane.value) for lane in Lane]
        with self._redis.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.zcard(lane)
                pipe.zrange(lane, 0, 0, withscores=True)
            known = pipe.execute()
        if sum(known[::2]) > FEW:
            oldest = min(first[0][1] for first in known[1::2] if first)
            return self._walked(key, top, max(bottom, oldest), _UNFINISHED, named)
        with self._redis.pipeline(transaction=False) as pipe:
            for lane in lanes:
                pipe.zrange(lane, 0, -1)
            pending = [group for page in pipe.execute() for group in page]
        return self._among(key, pending, top, bottom)

    def _among(self, key: str, groups: Sequence[bytes], top: float, bottom: float) -> Iterator[Candidate]:
        """Those of these groups that are in a list."""
        names = [group.decode() for group in groups]
        members: list[Any] = [bytes.fromhex(name) for name in names]
        scores: Any = self._redis.zmscore(key, members) if names else []
        known = [Found(score, name) for score, name in zip(scores, names, strict=True) if score is not None]
        within = sorted((found for found in known if bottom <= found.accepted_at <= top), reverse=True)
        return (Candidate(found) for found in within)

    def _walked(self, key: str, top: float, bottom: float, picked: str, named: Named) -> Iterator[Candidate]:
        """The groups of a list, a step at a time, each with more of them."""
        start, size, seen = repr(top), FIRST, set[Found]()
        while True:
            most = size + len(seen)
            args: list[Any] = [start, repr(bottom), LOOK, most, GROUP_KEY.format(group=""), picked, *named]
            looked_at, last, page = self._walk(keys=[key], args=[*args, *self._fields])
            known = [Candidate(Found(float(score), group.hex()), record) for group, score, record in page]
            yield from (candidate for candidate in known if candidate.found not in seen)
            if looked_at < LOOK and len(page) < most:
                return
            # The next step begins with the last one's end, should others have been accepted in the same moment; unless
            # that is all it has seen.
            moment = last.decode()
            seen = {candidate.found for candidate in known if candidate.found.accepted_at == float(last)}
            start, size = moment if start != moment else f"({moment}", min(2 * size, LOOK)
