"""A worker's hold on a group: read from its record, and lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from tasks.contract import TURNS, Kind, Lane
from tasks.errors import Cancelled, FenceLost
from tasks.ledger.groups import Claim, Current, read_bodies, read_heads
from tasks.ledger.outcomes import read_outcome
from tasks.redis_keys import (
    GROUP_KEY,
    LEASES_KEY,
    MODEL_KEY,
    RESTING_KEY,
    RUNNING_KEY,
    TURNS_KEY,
    WORK_COUNTS_KEY,
    queue_key,
)

#: The kinds that take turns, as the script reads them.
_TAKE_TURNS: Final = f" {' '.join(TURNS)} "
#: How those are called who rest while there are few estimates, and where these wait.
_ESTIMATES: Final = (RESTING_KEY, *(queue_key(Kind.ESTIMATE.value, lane) for lane in Lane))


def claiming(group: str, *, holder: str, lease_seconds: float, share: int) -> tuple[list[str], list[Any]]:
    """(keys, arguments) of the script that claims a group; `share`: how many of an owner's may be in work while another
    has fewer and waits (0: any number)."""
    args: list[Any] = [group, MODEL_KEY.format(model=""), lease_seconds, holder, GROUP_KEY.format(group="")]
    args += [TURNS_KEY.format(kind=""), RUNNING_KEY.format(kind=""), _TAKE_TURNS, share, *_ESTIMATES]
    return [GROUP_KEY.format(group=group), LEASES_KEY, WORK_COUNTS_KEY], args


def read_claim(group: str, flat: Sequence[bytes], currents: Sequence[bytes]) -> Claim:
    """The claim that the script CLAIM has answered: the fields of the record; (model, version, identity) in turn."""
    record: dict[bytes, bytes] = dict(zip(flat[::2], flat[1::2], strict=True))
    # Most records have none of these.
    numbered = {field: value for field, value in record.items() if field[-1:].isdigit()}
    # The item, and the fence under which it was begun.
    fence, trying = int(record[b"fence"]), record.get(b"trying", b"").partition(b":")[0]
    return Claim(
        group=group,
        started_at=float(record[b"started_at"]),
        submitted_at=float(record[b"submitted_at"]),
        kind=Kind(record[b"kind"].decode()),
        lane=Lane(record[b"lane"].decode()),
        fence=fence,
        delivery=fence - int(record.get(b"excused", 0)),
        retries=int(record.get(b"retries", 0)),
        heads=read_heads(record[b"heads"]),
        placed=read_bodies(record[b"bodies"]),
        currents={
            model.decode(): Current(int(number), identity.decode())
            for model, number, identity in zip(currents[::3], currents[1::3], currents[2::3], strict=True)
            if number
        },
        cancelled=frozenset(_numbered(numbered, b"cancel")),
        version=int(record[b"version"]) if b"version" in record else None,
        timed_out=b"timed_out" in record,
        over_memory=b"over_memory" in record,
        parts={index: read_outcome(value) for index, value in _numbered(numbered, b"part").items()},
        trying=int(trying) if trying else None,
        strikes={index: int(value) for index, value in _numbered(numbered, b"strikes").items()},
    )


def check_held(answer: Any, claim: Claim) -> int:
    """The answer of a script that writes for a claim. Raises FenceLost for 0 and Cancelled for -1."""
    number = int(answer)
    if not number:
        raise lost(claim)
    if number < 0:
        raise cancelled()
    return number


def cancelled() -> Cancelled:
    """The error of work that its owner did not want any more."""
    return Cancelled("the work was cancelled by its owner; it has no result")


def lost(claim: Claim) -> FenceLost:
    """The error of work that another has taken meanwhile."""
    return FenceLost(f"the work {claim.group} was claimed by another worker or is finished")


def _numbered(record: dict[bytes, bytes], name: bytes) -> dict[int, bytes]:
    """The fields called `<name><index>`, by index."""
    start = len(name)
    return {int(field[start:]): value for field, value in record.items() if field.startswith(name)}
