"""What is written when work ends: its outcomes, its place in the lists, what its owners used."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.ledger.acceptance import depth_field, latest_deadline
from tasks.ledger.counts import counted
from tasks.ledger.groups import Claim, pack, rows_by_owner
from tasks.ledger.outcomes import Outcome, Reply
from tasks.ledger.telling import heard_of
from tasks.redis_keys import (
    COUNTS_KEY,
    DEAD_KEY,
    DEADLINES_KEY,
    DEPTH_KEY,
    FINISHED_KEY,
    GROUP_KEY,
    LEASES_KEY,
    PENDING_KEY,
    QUOTA_KEY,
    REPLY_CHANNEL,
    TOLD_KEY,
    UNFINISHED_KEY,
    USER_KEY,
    WATCHERS_KEY,
    WORK_COUNTS_KEY,
)


def finishing(
    claim: Claim, outcomes: Sequence[Outcome], lean: list[Outcome], *, life_seconds: int, dead: bool
) -> tuple[list[str], list[Any]]:
    """(keys, arguments) of the script that ends a group.

    `lean`: the outcomes as the record holds them; `life_seconds`: for how long; `dead`: its bodies are kept.
    """
    group, pending = GROUP_KEY.format(group=claim.group), PENDING_KEY.format(kind=claim.kind, lane=claim.lane)
    keys = [group, pending, WATCHERS_KEY.format(group=claim.group), LEASES_KEY, DEPTH_KEY, UNFINISHED_KEY]
    keys += [DEADLINES_KEY if latest_deadline(claim.heads) else "", DEAD_KEY, COUNTS_KEY, WORK_COUNTS_KEY]
    keys += [FINISHED_KEY, *heard_of(claim), TOLD_KEY]
    args: list[Any] = [claim.fence, life_seconds, claim.group, REPLY_CHANNEL.format(process="")]
    args += [depth_field(claim.kind, claim.lane), "".join(o.state[0] for o in outcomes)]
    args += [pack(Reply(claim.group, lean)), int(dead), QUOTA_KEY.format(name="")]
    args += [rows_by_owner(claim, outcomes), USER_KEY.format(name=""), sum(o.rows for o in outcomes)]
    args += [bytes.fromhex(claim.group), *(part for one in counted(claim, outcomes).items() for part in one)]
    return keys, args
