"""The lists in which groups of work are found: by kind, owner, model and, where work has ended badly, by state.

A list may name a group that is none of it, as where a worker died before it could finish it: who reads looks at the
record.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final

import redis

from tasks.contract import Kind, State
from tasks.ledger.groups import Claim, Head
from tasks.ledger.outcomes import Outcome
from tasks.redis_keys import TASKS_KEY

#: The states of which there are lists: most work ends otherwise, and what has not ended is found elsewhere.
LISTED: Final = (State.FAILED, State.CANCELLED, State.EXPIRED)
#: Of so many sets of owners and models the keys are remembered.
_REMEMBERED: Final = 256


def list_key(kind: Kind, owner: str, *, model: str | None = None, state: State | None = None) -> str:
    """The list of an owner's work of this kind; of this model's and in this one of the states LISTED alone."""
    return TASKS_KEY.format(kind=kind.value, state=state.value if state else "", model=model or "", owner=owner)


def accepted_keys(kind: Kind, heads: Iterable[Head]) -> list[str]:
    """The lists in which a group is from its acceptance on."""
    return _keys(kind, heads, None)


def ended_keys(kind: Kind, heads: Sequence[Head], outcomes: Sequence[Outcome]) -> list[str]:
    """The lists in which a group is besides because of how its items have ended."""
    keys = []
    for state in LISTED:
        ended = [head for head, outcome in zip(heads, outcomes, strict=True) if outcome.state is state]
        keys += _keys(kind, ended, state) if ended else []
    return keys


def list_ended(client: redis.Redis, claim: Claim, outcomes: Sequence[Outcome]) -> None:
    """Put a group into the lists of what has ended badly. Done before it ends, so that none is missing there."""
    if keys := ended_keys(claim.kind, claim.heads, outcomes):
        with client.pipeline(transaction=False) as pipe:
            for key in keys:
                pipe.zadd(key, {bytes.fromhex(claim.group): claim.submitted_at})
            pipe.execute()


def _keys(kind: Kind, heads: Iterable[Head], state: State | None) -> list[str]:
    return list(_keys_of(kind, frozenset({(head.owner, head.model) for head in heads}), state))


@lru_cache(_REMEMBERED)
def _keys_of(kind: Kind, whose: frozenset[tuple[str, str]], state: State | None) -> tuple[str, ...]:
    owners = {owner for owner, _ in whose}
    return (
        *(list_key(kind, owner, state=state) for owner in sorted(owners)),
        *(list_key(kind, owner, model=model, state=state) for owner, model in sorted(whose)),
    )
