"""A worker's hold on a group: read from its record, and lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tasks.contract import Kind, Lane
from tasks.errors import Cancelled, FenceLost
from tasks.ledger.groups import Claim, Current, read_bodies, read_heads
from tasks.ledger.outcomes import read_outcome


def read_claim(group: str, flat: Sequence[bytes], currents: Sequence[bytes]) -> Claim:
    """The claim that the script CLAIM has answered: the fields of the record; (model, version, identity) in turn."""
    record: dict[bytes, bytes] = dict(zip(flat[::2], flat[1::2], strict=True))
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
        cancelled=frozenset(_numbered(record, b"cancel")),
        version=int(record[b"version"]) if b"version" in record else None,
        timed_out=b"timed_out" in record,
        over_memory=b"over_memory" in record,
        parts={index: read_outcome(value) for index, value in _numbered(record, b"part").items()},
        trying=int(trying) if trying else None,
        strikes={index: int(value) for index, value in _numbered(record, b"strikes").items()},
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
