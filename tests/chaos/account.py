"""The load's own account: every handle that it was given, and what was seen of each."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from tasks.contract import State
from tests.chaos.orders import Order

#: The clock of Redis has a finer grain than the times that HTTP shows (seconds).
SAME_SECONDS: Final = 0.002
#: By how much the clock of the service is set, in either direction (seconds); work takes less than half of that.
STEP_SECONDS: Final = 3600

Source = Literal["http", "client"]


@dataclass(frozen=True, kw_only=True)
class Sight:
    """A final state, as it was seen once."""

    state: State
    #: By the clock of the service (seconds since the epoch).
    finished_at: float
    #: Hash of the result or the error.
    digest: str
    #: Type and message of the error; empty for a success.
    reason: str = ""

    def same(self, other: Sight) -> bool:
        """Whether both are sights of one outcome."""
        close = abs(self.finished_at - other.finished_at) < SAME_SECONDS
        return close and (self.state, self.digest) == (other.state, other.digest)


@dataclass(kw_only=True)
class Entry:
    """One handle. Times are seconds since the epoch, by the clock of the load."""

    order: Order
    handle: str
    source: Source
    #: How often Redis had been emptied when the order was sent.
    era: int
    sent_at: float
    accepted_at: float
    #: The result that came with the submit, or that the client waited for.
    answer: Any = None
    first: Sight | None = None
    last: Sight | None = None
    #: True if the service said, at the last look, that it does not know the handle.
    missing: bool = False
    #: True once its result has been compared with what it should be.
    checked: bool = False
    #: What is wrong with it, in words.
    wrong: str = ""
    #: How often a worker was given it; 0 until its end was seen, and if that was not known then.
    deliveries: int = 0

    @property
    def seen(self) -> Sight | None:
        """The latest sight of its end."""
        return self.last or self.first

    @property
    def finished_at(self) -> float | None:
        """When it ended; None if that was not seen. The clock of the service may have been some steps away then."""
        if self.seen is None:
            return None
        steps = round((self.seen.finished_at - self.sent_at) / STEP_SECONDS)
        return self.seen.finished_at - steps * STEP_SECONDS

    @property
    def took_seconds(self) -> float | None:
        """How long it took from when it was sent to its end; None if that was not seen."""
        return None if self.finished_at is None else self.finished_at - self.sent_at


@dataclass(kw_only=True)
class Account:
    """All that was given and all that was not. Threads share it."""

    entries: dict[str, Entry] = field(default_factory=dict)
    #: Submits that were answered and not accepted, by status and whether Retry-After came with it.
    refused: Counter[str] = field(default_factory=Counter)
    #: Submits without an answer of the service: they are not accepted, or nobody knows.
    unanswered: int = 0
    #: How often Redis was emptied on purpose.
    era: int = 0
    #: What went otherwise than promised and is not about one handle.
    findings: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def accept(self, entry: Entry) -> None:
        """Note a handle."""
        with self._lock:
            if entry.handle in self.entries:
                self.findings.append(f"the handle {entry.handle} was given twice")
            self.entries[entry.handle] = entry

    def refuse(self, reason: str) -> None:
        """Note a submit that was answered with a refusal."""
        with self._lock:
            self.refused[reason] += 1

    def give_up(self) -> None:
        """Note a submit that was not answered."""
        with self._lock:
            self.unanswered += 1

    def find(self, finding: str) -> None:
        """Note what went otherwise than promised."""
        with self._lock:
            self.findings.append(finding)

    def since(self, count: int) -> Sequence[Entry]:
        """The entries after the first `count`."""
        with self._lock:
            return list(self.entries.values())[count:]
