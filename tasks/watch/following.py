"""What a handle needs of the way to its service."""

from __future__ import annotations

from typing import Protocol

from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome
from tasks.watch.ending import Live


class Following(Protocol):
    """Follows accepted work. Every method raises UnknownTask for what is no task of the caller, and Unavailable while
    the service does not answer."""

    #: Time between two looks at work that is watched (seconds).
    look_seconds: float

    def task(self, handle: str) -> Task:
        """State, times and progress."""

    def ahead(self, task: Task) -> int:
        """How much is taken before queued work: 0 for what is next."""

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""

    def cancel(self, handle: str) -> bool:
        """Cancel it. True if it is over, False if a worker has it and will stop. Raises Conflict if it has ended."""

    def live(self, model: str) -> Live | None:
        """Which version of a model answers; None if none does."""

    def page(self, model: str, version: int) -> str:
        """Where a version is shown to people; empty where that is not known."""
