"""One item after the other, to find the one whose work ends its worker, without harm to its neighbours.

A group that is delivered again is worked on like this. Before an item is begun the record says so; what it says when
the worker is gone shows whose fault it was. Outcomes are noted as they come, so that nothing is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
from celery.exceptions import SoftTimeLimitExceeded

from tasks.contract import State
from tasks.errors import MemoryLimit, Poison, ServiceError, TimeLimit
from tasks.ledger.claims import cancelled
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome, failure
from tasks.ledger.store import Ledger

#: How often an item may end its worker when it is worked on alone, at least: another process may have been to blame.
STRIKES: Final = 2
#: A turn gives the group back when it has used this part of the time limit, to go on with a new one.
TURN_PART: Final = 0.25


class Unfinished(Exception):
    """Raised when the time for one delivery is used up before the group is done; its parts are noted.

    An `excused` delivery does not count against the work.
    """

    def __init__(self, *, excused: bool) -> None:
        super().__init__()
        self.excused = excused


def one_by_one(
    ledger: Ledger,
    claim: Claim,
    indexes: Iterable[int],
    *,
    work: Callable[[Claim], list[Outcome]],
    max_deliveries: int,
    limit_seconds: float,
) -> dict[int, Outcome]:
    """The outcomes of these items, each worked on alone. Raises FenceLost, Unfinished and passing errors."""
    until = time.monotonic() + TURN_PART * limit_seconds
    outcomes = dict(claim.parts)
    # The group was delivered as a whole once.
    most = max(STRIKES, max_deliveries - 1)
    if claim.trying is not None and (verdict := _verdict(claim, claim.trying, most)):
        outcomes[claim.trying] = failure(verdict)
        # Kept before anything else is begun, should this delivery end early.
        ledger.step(claim, done=(claim.trying, outcomes[claim.trying]), following=None)
    done: tuple[int, Outcome] | None = None
    for index in indexes:
        if index in outcomes:
            continue
        if time.monotonic() > until:
            ledger.step(claim, done=done, following=None)
            raise Unfinished(excused=True)
        ledger.step(claim, done=done, following=index)
        done = (index, _alone(ledger, claim, index, work))
        outcomes[index] = done[1]
    return outcomes


def _verdict(claim: Claim, index: int, most: int) -> ServiceError | None:
    """Why an item is not begun once more; None if it may be."""
    if claim.timed_out:
        return time_limit()
    if claim.over_memory:
        return memory_limit()
    return poison(most + 1) if claim.strikes.get(index, 0) >= most else None


def _alone(ledger: Ledger, claim: Claim, index: int, work: Callable[[Claim], list[Outcome]]) -> Outcome:
    try:
        return work(only(claim, [index]))[0]
    except SoftTimeLimitExceeded:
        return interrupted(ledger, claim)[index]


def interrupted(ledger: Ledger, claim: Claim) -> list[Outcome]:
    """The outcome of each item of work that was interrupted: its owner had cancelled it, or it ran too long."""
    _, indexes = ledger.cancelled([claim.group])[claim.group]
    return [
        failure(cancelled(), State.CANCELLED) if index in indexes else failure(time_limit())
        for index in range(len(claim.heads))
    ]


def only(claim: Claim, indexes: Sequence[int]) -> Claim:
    """The claim with these items alone."""
    heads, bodies = [claim.heads[i] for i in indexes], [claim.bodies[i] for i in indexes]
    return msgspec.structs.replace(claim, heads=heads, bodies=bodies)


def poison(times: int) -> Poison:
    """The error of work that ended its worker so often."""
    return Poison(f"the work was delivered {times} times and ended its worker each time; it is not tried again")


def memory_limit() -> MemoryLimit:
    """The error of work that needed too much memory."""
    return MemoryLimit(
        "the work needs more memory than a process of a worker may have (MLSERVICE_WORKER_MEMORY_BYTES); send less at a"
        " time, or have the operator raise that"
    )


def time_limit() -> TimeLimit:
    """The error of work that ran too long."""
    return TimeLimit("the work ran longer than its kind may; see the time limits in `mlservice settings`")
