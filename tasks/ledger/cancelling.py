"""Takes work back that its owner does not want any more."""

from __future__ import annotations

from typing import Final

from tasks.contract import State
from tasks.errors import Conflict
from tasks.ledger.claims import cancelled
from tasks.ledger.groups import parse_handle
from tasks.ledger.outcomes import failure
from tasks.ledger.store import Ledger

#: Why a task that has ended is not cancelled.
TOO_LATE: Final = "the task has ended already; what it did stays"


def cancel(ledger: Ledger, handle: str) -> bool:
    """Cancel one item. True if it is over; False if a worker has it, which stops as soon as it can.

    Raises UnknownTask, and Conflict if the item has ended already. Does not look at the owner.
    """
    marked = ledger.cancel(handle)
    if marked is None:
        raise Conflict(TOO_LATE)
    running, whole_group = marked
    if not running and whole_group:
        # Whoever claims the group finds it cancelled; if no worker does, this process is the one.
        end(ledger, parse_handle(handle)[0])
    return not running


def end(ledger: Ledger, group: str) -> None:
    """End a group of which every item was cancelled, if nobody has it."""
    claim = ledger.claim(group)
    if claim is not None:
        ledger.finish(claim, [failure(cancelled(), State.CANCELLED)] * len(claim.heads))
