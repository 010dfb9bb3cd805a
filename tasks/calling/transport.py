"""What every way to the service can do."""

from __future__ import annotations

from typing import Protocol

from tasks.calling.request import Request
from tasks.contract import Kind, State
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome
from tasks.watch.following import Following


class Transport(Following, Protocol):
    """A way to one service, as one caller."""

    def submit(self, request: Request) -> str:
        """Have the work accepted: when this returns, it is durable. Returns the handle's id."""

    def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest of the caller's tasks."""

    def close(self) -> None:
        """Give the connections back."""


class AsyncTransport(Protocol):
    """The same for an event loop."""

    #: Time between two looks at work that is watched (seconds).
    look_seconds: float

    async def submit(self, request: Request) -> str:
        """Have the work accepted. Returns the handle's id."""

    async def task(self, handle: str) -> Task:
        """State, times and progress. Raises UnknownTask."""

    async def ahead(self, task: Task) -> int:
        """How much is taken before queued work."""

    async def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""

    async def cancel(self, handle: str) -> bool:
        """Cancel it. True if it is over. Raises UnknownTask, Conflict."""

    async def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest of the caller's tasks."""

    async def close(self) -> None:
        """Give the connections back."""
