"""What is written when work is accepted: its record, its place in the lane, its Celery message."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

import msgspec

from tasks.contract import TASKS, TURNS, Kind, Lane
from tasks.ledger.groups import Group, Head, pack
from tasks.ledger.message import message
from tasks.ledger.task_index import accepted_keys
from tasks.ledger.task_repr import of_group
from tasks.ledger.work_counts import accepted_offsets
from tasks.redis_keys import (
    ASSIGNEE_KEY,
    DEADLINES_KEY,
    DEPTH_KEY,
    GROUP_KEY,
    IDEMPOTENCY_KEY,
    LEASES_KEY,
    MODEL_KEY,
    PENDING_KEY,
    RESTING_KEY,
    TURNS_KEY,
    UNFINISHED_KEY,
    WORK_COUNTS_KEY,
)

#: A wish of up to so many bytes is kept for as long as its task is.
ASKED_BYTES: Final = 4096
#: The script that accepts a group.
ACCEPT: Final = "tasks/ledger/lua/accept.lua"
#: Bodies of up to so many bytes go once more through Redis with an assigned group, to save a round trip.
ASSIGNED_BYTES: Final = 65_536


class Idempotency(msgspec.Struct, frozen=True, kw_only=True):
    """An owner's idempotency key, and a digest of what is sent under it."""

    owner: str
    #: Which account of the owner's name it is: who had that before had keys of his own.
    account: str = "0.0"
    key: str
    digest: str
    life_seconds: int

    @property
    def whose(self) -> str:
        """A digest of owner and key, which may both hold any character; the account is one word."""
        return hashlib.sha256(f"({self.owner!r}, {self.account}, {self.key!r})".encode()).hexdigest()


def acceptance(
    group: Group,
    placed: Sequence[bytes | str],
    *,
    once: Idempotency | None = None,
    most: Mapping[str, int] | None = None,
) -> tuple[list[str], list[Any]]:
    """(keys, arguments) of the script ACCEPT for this group, whose bodies have been placed.

    `most`: how many unfinished items an owner may have, for those with such a bound.
    """
    queue, data = group_message(group.id, group.kind, group.lane, heads=group.heads)
    kind, lane, pending, depth, turns = _place(group.kind, group.lane)
    once_key = IDEMPOTENCY_KEY.format(whose=once.whose) if once else ""
    keys = [GROUP_KEY.format(group=group.id), pending, queue, DEPTH_KEY, UNFINISHED_KEY, DEADLINES_KEY, once_key]
    keys += [WORK_COUNTS_KEY, turns, *accepted_keys(group.kind, group.heads)]
    counts = Counter(head.owner for head in group.heads)
    accounts = {head.owner: head.account for head in group.heads}
    owners = [part for owner in counts.items() for part in owner]
    limits = [part for owner, bound in (most or {}).items() for part in (owner, counts[owner], bound)]
    args: list[Any] = [group.id, data, depth, len(group.heads), pack(owners)]
    args += [bytes.fromhex(group.id), latest_deadline(group.heads)]
    args += [f"{once.digest} {group.id}-0", once.life_seconds] if once else ["", 0]
    args.append(pack(limits) if limits else "")
    args += accepted_offsets((group.kind, group.lane), len(group.heads))
    args += _calling(group.kind, group.lane)
    args.append(ASSIGNEE_KEY if sum(map(len, placed)) <= ASSIGNED_BYTES else "")
    args += ["kind", kind, "lane", lane, "reply", group.reply, "heads", pack(group.heads)]
    args += ["accounts", pack([accounts[owner] for owner in counts])]
    if group.kind is Kind.TRAIN and isinstance(placed[0], bytes) and len(placed[0]) <= ASKED_BYTES:
        args += ["asked", placed[0]]
    args += ["bodies", pack(placed), "models", " ".join({head.model for head in group.heads})]
    return keys, args


@cache
def _calling(kind: Kind, lane: Lane) -> tuple[str, ...]:
    """What ACCEPT needs to call processes that rest, and to assign a group; empty for a kind whose processes do not."""
    if kind is not Kind.ESTIMATE:
        return ("",) * 5
    others = (depth_field(kind, other) for other in Lane if other is not lane)
    return RESTING_KEY, LEASES_KEY, MODEL_KEY.format(model=""), *others


@cache
def _place(kind: Kind, lane: Lane) -> tuple[str, str, str, str, str]:
    """(kind, lane, key of what is not finished, field of the depth, key of the turns) where a group goes."""
    pending = PENDING_KEY.format(kind=kind.value, lane=lane.value)
    return kind.value, lane.value, pending, depth_field(kind, lane), turns_key(kind)


def group_message(group: str, kind: Kind, lane: Lane, *, heads: Sequence[Head]) -> tuple[str, bytes]:
    """(Redis list, bytes) of the Celery message that carries a group; Flower shows what it is about, never data."""
    shown = of_group(group, lane, models=(head.model for head in heads), items=len(heads))
    kwargs: dict[str, object] = {"group": group}
    return message(TASKS[kind], task_id=group, queue=kind.value, lane=lane, kwargs=kwargs, shown=shown, in_ledger=True)


def depth_field(kind: Kind, lane: Lane) -> str:
    """The field of DEPTH_KEY for a lane of a queue."""
    return f"{kind.value}:{lane.value}"


def turns_key(kind: Kind) -> str:
    """Where it is kept whose turn it is; empty for a kind whose owners take none."""
    return TURNS_KEY.format(kind=kind.value) if kind in TURNS else ""


def latest_deadline(heads: Sequence[Head]) -> float | str:
    """The latest deadline, if every item has one."""
    deadlines = [head.deadline for head in heads if head.deadline is not None]
    return max(deadlines) if len(deadlines) == len(heads) else ""
