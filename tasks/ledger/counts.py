"""What has happened, counted in Redis by the scripts that make it happen: once, whichever process dies after it.

One hash holds these counters. The name of a field is its parts, separated by colons. What is counted of all work lies
elsewhere, see `work_counts.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import redis

from tasks.contract import Kind, Lane, State
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome, read_failure
from tasks.ledger.work_counts import FINISHED, counter
from tasks.redis_keys import COUNTS_KEY

#: Groups that nobody held and that were put back into their queue.
RECONCILED: Final = "reconciled"
#: Items whose results were dropped before their time, because Redis was nearly full.
DROPPED: Final = "dropped"
#: Members of a fleet that went without a word, and processes of their pools that were killed or crashed; each is
#: followed by the fleet.
LOST: Final = "lost"
LOST_PROCESSES: Final = "lost_processes"
#: Requests for work that were not accepted; followed by kind, lane and reason.
REFUSED: Final = "refused"
#: Tokens issued, and bearer tokens refused.
TOKENS_ISSUED: Final = "tokens_issued"
TOKENS_REFUSED: Final = "tokens_refused"
#: Logins refused; followed by the reason.
LOGINS_REFUSED: Final = "logins_refused"
#: Those reasons: what is sent is wrong, too many failed before, too many come at once.
LOGIN_REASONS: Final = ("credentials", "attempts", "busy")


#: Values of estimates that the model's training did not know; followed by a `Noted` and the model.
NOTED: Final = "noted"


class Refusal(StrEnum):
    """Why work was not accepted, although nothing was wrong with it."""

    #: Too many items wait.
    DEPTH = "depth"
    #: The oldest work has waited too long.
    AGE = "age"
    #: Redis has little memory left.
    MEMORY = "memory"
    #: Redis may throw away what it was given.
    EVICTION = "eviction"
    #: The disk of Redis is full, or cannot be written.
    DISK = "disk"
    #: It could not be written down.
    UNRECORDED = "unrecorded"
    #: The account has used its quota of requests, bytes or rows a second.
    QUOTA = "quota"
    #: The account has as many unfinished items as it may have.
    QUEUED = "queued"


def refusal(kind: Kind, lane: Lane, reason: Refusal) -> str:
    """The counter of work that was not accepted."""
    return f"{REFUSED}:{kind.value}:{lane.value}:{reason.value}"


def counted(claim: Claim, outcomes: Sequence[Outcome]) -> Counter[str]:
    """The counters of the items of a group: those that failed, by the name of the error, and values that were noted."""
    found = Counter[str]()
    for head, outcome in zip(claim.heads, outcomes, strict=True):
        if outcome.state is State.FAILED:
            reason = read_failure(outcome.body).type
            found[counter(FINISHED, (claim.kind, claim.lane), State.FAILED.value, reason)] += 1
        if outcome.noted:
            found += noted(head.model, outcome)
    return found


def noted(model: str, outcome: Outcome) -> Counter[str]:
    """The counters of the values of an estimate that the model's training did not know."""
    return Counter({f"{NOTED}:{code}:{model}": number for code, number in outcome.noted.items()})


def add(client: redis.Redis, added: Mapping[str, int]) -> None:
    """Add to the counters, at once. For what happens rarely; one round trip."""
    with client.pipeline(transaction=True) as pipe:
        for field, by in added.items():
            pipe.hincrby(COUNTS_KEY, field, by)
        pipe.execute()
