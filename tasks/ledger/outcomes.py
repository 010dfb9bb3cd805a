"""How accepted work ended, and how that is written down."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec

from tasks.contract import PROBLEM, State
from tasks.errors import Poison, ServiceError, TimeLimit, Unavailable, by_name

#: Results of a group that travel and are kept with its record have at most so many bytes together, roughly.
REPLY_BYTES: Final = 1024 * 1024
#: How work fails that is given up: it ended its worker, ran too long, or was tried again too often.
GIVEN_UP: Final = frozenset({Poison, TimeLimit, Unavailable})


class Outcome(msgspec.Struct, frozen=True, array_like=True):
    """How one item ended. The body of a failure is the JSON of a `Failure`."""

    state: State
    media: str
    body: bytes
    #: Where the body lies, if it is too large to be here.
    reference: str = ""
    #: How many rows were predicted for it.
    rows: int = 0
    #: What was done with those rows, as a header says it; empty if there is nothing to say, or the body says it.
    notes: str = ""
    #: How many values were noted, by the code of the note.
    noted: dict[str, int] = {}


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """The outcomes of all items, in order, as they are recorded and told to who waits."""

    group: str
    outcomes: list[Outcome]


class Failure(msgspec.Struct, frozen=True):
    """An error as it is kept: the name of its class, its message, the field at fault, what was found in a table."""

    type: str
    detail: str
    pointer: str | None = None
    findings: list[Any] | msgspec.UnsetType = msgspec.UNSET

    def error(self) -> ServiceError:
        """The error; one whose name is not in the tree counts as WorkFailed."""
        error = by_name(self.type)(self.detail).having(self.findings or ())
        return error.at(self.pointer) if self.pointer is not None else error


read_reply = msgspec.msgpack.Decoder(Reply).decode
read_outcome = msgspec.msgpack.Decoder(Outcome).decode
read_failure = msgspec.json.Decoder(Failure).decode


def failure(error: ServiceError, state: State = State.FAILED) -> Outcome:
    """The outcome of work that ended with this error."""
    found = list(error.findings) or msgspec.UNSET
    kept = Failure(type(error).__name__, str(error), error.pointer, found)
    return Outcome(state, PROBLEM, msgspec.json.encode(kept))


def is_given_up(outcome: Outcome) -> bool:
    """True if the item was not to blame for certain and may succeed another time, so that it becomes a dead letter."""
    return outcome.state is State.FAILED and by_name(read_failure(outcome.body).type) in GIVEN_UP


def lean_outcomes(outcomes: Sequence[Outcome], *, inline_bytes: int, keep: Callable[[bytes], str]) -> list[Outcome]:
    """The outcomes, with a reference, which `keep` gives, instead of each result that is too large for the record.

    Errors are small.
    """
    limit = inline_bytes
    if sum(len(outcome.body) for outcome in outcomes) > REPLY_BYTES:
        limit = min(limit, REPLY_BYTES // len(outcomes))
    return [
        msgspec.structs.replace(o, body=b"", reference=keep(o.body))
        if o.state is State.SUCCEEDED and len(o.body) > limit
        else o
        for o in outcomes
    ]
