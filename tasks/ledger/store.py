"""The durable record of accepted work; the truth. Celery is its transport.

One Redis hash holds a group: the heads and bodies of its items, who has claimed it, and the outcomes. A handle is
`<group>-<index>`. What changes a record runs as one script, so that it is never half done. `history.py` reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import monotonic
from typing import Any

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane
from tasks.errors import UnknownTask
from tasks.ledger.acceptance import (
    ACCEPT,
    Idempotency,
    acceptance,
    group_message,
    turns_key,
)
from tasks.ledger.claims import check_held, claiming, lost, read_claim
from tasks.ledger.counts import add
from tasks.ledger.finishing import finishing
from tasks.ledger.groups import Claim, Group, pack, parse_handle, read_heads
from tasks.ledger.outcomes import Outcome, is_given_up, lean_outcomes
from tasks.ledger.task_index import list_ended
from tasks.redis_keys import (
    GROUP_KEY,
    LEASES_KEY,
    TASKS_KEY,
    queue_key,
)
from tasks.storage.blobs import Blobs
from tasks.storage.redis_blobs import RedisBlobs
from tasks.storage.replicas import confirmed, replicas_of
from tasks.storage.scripts import register
from tasks.storage.stores import drop_kept, read_kept


class Ledger:
    """The record of accepted work in one Redis. Every method is one round trip, unless bytes are large.

    Bodies and results over `inline_bytes` are kept in `blobs`, with a reference in the record.
    """

    def __init__(self, client: redis.Redis, blobs: Blobs | None = None, *, settings: Settings | None = None) -> None:
        settings = settings or Settings()
        self._redis = client
        self._blobs = blobs or RedisBlobs(client)
        self.lease_seconds = settings.visibility_timeout_seconds
        self._life_seconds, self._dead_life_seconds = settings.result_life_seconds, settings.dead_life_seconds
        self.inline_bytes = settings.inline_bytes
        self._share = settings.running_per_account
        #: Whether the group that was claimed last was an estimate, and then the only work there was.
        self.alone = False
        #: What `keep` was given, until when that is good (by the monotonic clock).
        self._kept: tuple[Claim | None, float] = None, 0.0
        self._accept = confirmed(register(client, ACCEPT), replicas_of(settings))
        self._claim: Callable[..., Any] = register(client, "tasks/ledger/lua/claim.lua")
        self._finish: Callable[..., Any] = register(client, "tasks/ledger/lua/finish.lua")
        self._retry = register(client, "tasks/ledger/lua/retry.lua")
        self._put_back = register(client, "tasks/ledger/lua/put_back.lua")
        self._extend = register(client, "tasks/ledger/lua/extend_leases.lua")
        self._step = register(client, "tasks/ledger/lua/step.lua")
        self._cancel = register(client, "tasks/ledger/lua/cancel.lua")
        self._cancelled = register(client, "tasks/ledger/lua/cancelled.lua")
        self._progress = register(client, "tasks/ledger/lua/progress.lua")

    def through(self, route: Callable[..., Callable[..., Any]]) -> None:
        """Have groups claimed and finished by what `route` makes of their scripts: `route(script, last=...)` is called
        as the script is; `last` says that it ends the work on a group."""
        self._claim, self._finish = route(self._claim, last=False), route(self._finish, last=True)

    def accept(self, group: Group, *, once: Idempotency | None = None) -> str | None:
        """Record the group and publish its message, both or neither. When this returns, the work is accepted.

        Returns None; or, and nothing is accepted, what was accepted before under this key. Raises as `Replicas.check`.
        """
        placed = self.place(group)
        keys, args = acceptance(group, placed, once=once)
        try:
            known = self._accept(keys=keys, args=args)
        except redis.exceptions.ResponseError:
            self.unplace(placed)
            raise
        if known is None:
            return None
        self.unplace(placed)
        return str(known.decode())

    def place(self, group: Group) -> list[bytes | str]:
        """What the record holds of each body: its bytes, or a reference where they are kept."""
        return [
            body if len(body) <= self.inline_bytes else self._blobs.keep(body, group=group.id, life_seconds=None)
            for body in group.bodies
        ]

    def unplace(self, placed: list[bytes | str]) -> None:
        """Drop what was kept for a group that was refused for certain. After a broken connection it is not."""
        for value in placed:
            if isinstance(value, str):
                drop_kept(value, self._redis)

    def claim(self, group: str, *, holder: str = "", in_turn: bool = False) -> Claim | None:
        """Take the group to work on it; None if it is finished, unknown or held, and the message may be dropped:
        should who holds it die, the group is published again. Only the holder can renew the lease.

        `in_turn`: None as well where its owner has his share of what is in work, and another has less and waits: the
        other's group is then the next to be taken, and this one the one after it."""
        (kept, until), self._kept = self._kept, (None, 0.0)
        if kept is not None and kept.group == group and monotonic() < until:
            self.alone = True
            return kept
        share = self._share if in_turn else 0
        keys, args = claiming(group, holder=holder, lease_seconds=self.lease_seconds, share=share)
        found = self._claim(keys=keys, args=args)
        if not found:
            return None
        if len(found) == 1:
            self._give_way(group, found[0].decode())
            return None
        *record, alone = found
        self.alone = bool(alone)
        return read_claim(group, *record)

    def keep(self, claim: Claim) -> None:
        """Give this claim to who claims the group next, while its lease runs: it was claimed as it was accepted."""
        self._kept = claim, monotonic() + self.lease_seconds

    def _give_way(self, group: str, other: str) -> None:
        """Put a group back behind another, whose own message, which lies farther back, finds it taken when it comes."""
        lane: Any = self._redis.hget(GROUP_KEY.format(group=group), "lane")
        # Into the same list: what a worker takes from first holds it, whatever its lane.
        if self.put_back(group) and lane is not None:
            self.put_back(other, into=Lane(lane.decode()))

    def with_bodies(self, claim: Claim) -> Claim:
        """The claim with the bytes of every body, wherever they lie. Raises Unavailable if some are missing."""
        bodies = [read_kept(body, self._redis) if isinstance(body, str) else body for body in claim.placed]
        return msgspec.structs.replace(claim, bodies=bodies)

    def finish(self, claim: Claim, outcomes: Sequence[Outcome], *, dead: bool = False) -> None:
        """Write the outcome of every item, end the group and wake who waits.

        A `dead` group keeps the bodies of the items that were given up, for inspection and replay. Raises FenceLost,
        and changes nothing, if another worker has claimed the group meanwhile or it is finished.
        """
        life_seconds = self._dead_life_seconds if dead else self._life_seconds
        keep = partial(self._blobs.keep, group=claim.group, life_seconds=life_seconds)
        lean = lean_outcomes(outcomes, inline_bytes=self.inline_bytes, keep=keep)
        keys, args = finishing(claim, outcomes, lean, life_seconds=life_seconds, dead=dead)
        list_ended(self._redis, claim, outcomes)
        if not self._finish(keys=keys, args=args):
            raise lost(claim)
        self.unplace([p for p, o in zip(claim.placed, outcomes, strict=True) if not (dead and is_given_up(o))])

    def count(self, added: Mapping[str, int]) -> None:
        """Add to the counters what no group ends with."""
        add(self._redis, added)

    def retry(self, claim: Claim, *, delay_seconds: float, error: str) -> None:
        """Have the group tried again after a while. Raises FenceLost."""
        keys = [GROUP_KEY.format(group=claim.group), LEASES_KEY]
        if not self._retry(keys=keys, args=[claim.fence, claim.group, f"{delay_seconds:.3f}", error[:500]]):
            raise lost(claim)

    def put_back(
        self,
        group: str,
        *,
        holder: str = "",
        excused: bool = False,
        timed_out: bool = False,
        over_memory: bool = False,
        into: Lane | None = None,
    ) -> bool:
        """Put the group back into its queue, as the next to be taken; False if it is finished, unknown or held.

        `holder`: who held it and has ended with it. Then `excused` says that this delivery does not count, `timed_out`
        that it ended at its hard time limit, `over_memory` that its process was ended for its memory. `into`: the lane
        whose next it is, if that is not its own.
        """
        found: Any = self._redis.hmget(GROUP_KEY.format(group=group), ["kind", "lane", "heads"])
        if found[0] is None:
            self._redis.zrem(LEASES_KEY, group)
            return False
        kind, lane = Kind(found[0].decode()), Lane(found[1].decode())
        queue, data = group_message(group, kind, lane, heads=read_heads(found[2]))
        if into is not None:
            queue = queue_key(kind.value, into)
        keys = [GROUP_KEY.format(group=group), LEASES_KEY, queue, turns_key(kind)]
        said = map(int, (excused, timed_out, over_memory))
        return bool(self._put_back(keys=keys, args=[group, data, holder, *said]))

    def extend_leases(self) -> None:
        """Give every lease its whole time once more."""
        self._extend(keys=[LEASES_KEY], args=[self.lease_seconds])

    def step(self, claim: Claim, *, done: tuple[int, Outcome] | None, following: int | None) -> int:
        """Note the outcome of one item and which one is tried next. Returns how often that one was begun. Raises
        FenceLost."""
        args: list[Any] = [claim.fence]
        args += ["", b""] if done is None else [done[0], pack(done[1])]
        args.append("" if following is None else following)
        begun = int(self._step(keys=[GROUP_KEY.format(group=claim.group)], args=args))
        if not begun:
            raise lost(claim)
        return begun

    def cancel(self, handle: str) -> tuple[bool, bool] | None:
        """Mark an item as cancelled. Returns (a worker has it, its whole group is cancelled); None if it is finished.
        Raises UnknownTask. Does not look at the owner."""
        group, index = parse_handle(handle)
        listed = TASKS_KEY.partition("{")[0]
        args: list[Any] = [group, index, listed, bytes.fromhex(group)]
        found: Any = self._cancel(keys=[GROUP_KEY.format(group=group), LEASES_KEY], args=args)
        if found is None:
            raise UnknownTask(f"there is no task {handle}, or its result is no longer kept")
        return None if found == 0 else (bool(found[0]), bool(found[1]))

    def cancelled(self, groups: Iterable[str]) -> dict[str, tuple[int, frozenset[int]]]:
        """How many items each of these groups has, 0 if it is finished or unknown, and which of them were cancelled."""
        asked = list(groups)
        found: Any = self._cancelled(keys=[GROUP_KEY.format(group=group) for group in asked]) if asked else []
        return {group: (items, frozenset(indexes)) for group, (items, *indexes) in zip(asked, found, strict=True)}

    def progress(self, claim: Claim, state: dict[str, Any]) -> None:
        """Show how far the work is. Raises FenceLost if another worker has claimed it meanwhile, and Cancelled."""
        keys = [GROUP_KEY.format(group=claim.group)]
        check_held(self._progress(keys=keys, args=[claim.fence, msgspec.json.encode(state)]), claim)
