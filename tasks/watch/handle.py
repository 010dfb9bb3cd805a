"""What stands for accepted work."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import msgspec

from tasks.contract import Media, State
from tasks.ledger.cancelling import cancel
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome, read_failure
from tasks.storage.connection import answering
from tasks.watch.following import Follower
from tasks.watch.watching import Watch


class Handle:
    """Accepted work. It ends in exactly one final state, whatever process dies in between."""

    def __init__(self, follower: Follower, handle: str) -> None:
        self._follower = follower
        self.id = handle

    def __repr__(self) -> str:
        return f"Handle({self.id!r})"

    def task(self) -> Task:
        """State, times and progress. Raises UnknownTask when the result is no longer kept."""
        with answering():
            return self._follower.history.task(self.id)

    @property
    def state(self) -> State:
        """The state now."""
        return self.task().state

    def cancel(self) -> bool:
        """Cancel the work. True if it is over, False if a worker has it and will stop. Raises Conflict if it has
        ended."""
        with answering():
            return cancel(self._follower.ledger, self.id)

    @property
    def progress(self) -> dict[str, Any] | None:
        """How far a train is: iteration, total, times, metrics; None before it starts."""
        progress = self.task().progress
        return msgspec.json.decode(progress) if progress is not None else None

    def watch(self) -> Watch:
        """The progress as it comes: `for progress in handle.watch(): ...`; in a notebook a live bar."""
        return Watch(partial(self._follower.history.task, self.id), ahead=self._follower.history.ahead)

    def result(self, *, timeout: float) -> Any:
        """The result, as soon as it is there. Raises the task's error, or TimeoutError after `timeout` seconds."""
        outcome = self._outcome(timeout)
        return msgspec.json.decode(outcome.body) if outcome.media == Media.JSON else outcome.body

    def notes(self, *, timeout: float) -> list[dict[str, Any]]:
        """What was done with the rows of an estimate; of a result in CSV or Arrow the first notes, in short, as its
        header has them. Raises as `result` does."""
        outcome = self._outcome(timeout)
        if outcome.media == Media.JSON:
            return list(msgspec.json.decode(outcome.body).get("notes", []))
        return list(json.loads(outcome.notes)) if outcome.notes else []

    def _outcome(self, timeout: float) -> Outcome:
        outcome = self._follower.wait(self.id, seconds=timeout)
        if outcome is None:
            raise TimeoutError(f"the task {self.id} has not ended within {timeout:g} s; it goes on")
        if outcome.state is not State.SUCCEEDED:
            raise read_failure(outcome.body).error()
        return outcome
