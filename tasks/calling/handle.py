"""What stands for accepted work."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, Final

import msgspec

from tasks.calling.arrow_tables import read
from tasks.contract import Media, State
from tasks.errors import InvalidField, UnknownTask
from tasks.ledger.groups import Task, parse_handle
from tasks.ledger.outcomes import Outcome, read_failure
from tasks.watch.ending import Ending, Live, ending
from tasks.watch.following import Following
from tasks.watch.watching import Watch

#: Time for a result that is there (seconds).
ENDED_SECONDS: Final = 30.0


class Handle:
    """Accepted work. It ends in exactly one final state, whatever process dies in between."""

    def __init__(self, following: Following, handle: str) -> None:
        self._following = following
        self.id = handle

    def __repr__(self) -> str:
        return f"Handle({self.id!r})"

    def to_json(self) -> str:
        """The handle as a text to store; `Client.handle` takes it up again, in any process that may see the work."""
        return stored(self.id)

    def task(self) -> Task:
        """State, times and progress. Raises UnknownTask when the result is no longer kept."""
        return self._following.task(self.id)

    @property
    def state(self) -> State:
        """The state now."""
        return self.task().state

    def cancel(self) -> bool:
        """Cancel the work. True if it is over, False if a worker has it and will stop. Raises Conflict if it has
        ended."""
        return self._following.cancel(self.id)

    @property
    def progress(self) -> dict[str, Any] | None:
        """How far a train is: iteration, total, times, metrics; None before it starts."""
        return progress_of(self.task())

    def watch(self) -> Watch:
        """The progress as it comes: `for progress in handle.watch(): ...`; `handle.watch().show()` draws a bar in a
        terminal, and as the last line of a notebook's cell it is a live bar."""
        following = self._following
        return Watch(
            partial(following.task, self.id),
            ahead=following.ahead,
            look_seconds=following.look_seconds,
            live=following.live,
            end=self._ending,
        )

    def result(self, *, timeout: float) -> Any:
        """The result, as soon as it is there: what JSON says, or the bytes of another media type. Raises the task's
        error, or TimeoutError after `timeout` seconds."""
        return read_result(self._outcome(timeout))

    def table(self, *, timeout: float, library: str = "") -> Any:
        """A result in Arrow as a table of `library`: pyarrow, polars or pandas; of the first that is installed if
        nothing is said. Raises as `result` does, and InvalidField for a result in another media type."""
        return table_of(self._outcome(timeout), library=library)

    def notes(self, *, timeout: float) -> list[dict[str, Any]]:
        """What was done with the rows of an estimate; of a result in CSV or Arrow the first notes, in short, as its
        header has them. Raises as `result` does."""
        return notes_of(self._outcome(timeout))

    def _ending(self, live: Live | None) -> Ending | None:
        found = ending(self.result(timeout=ENDED_SECONDS), live=live, page="")
        if found is None:
            return None
        return found._replace(page=self._following.page(self.task().model, found.version))

    def _outcome(self, timeout: float) -> Outcome:
        return succeeded(self.id, self._following.wait(self.id, seconds=timeout), timeout=timeout)


def stored(handle: str) -> str:
    """A handle's id as a text of JSON to store."""
    return json.dumps({"task": handle})


def handle_id(text: str) -> str:
    """The id in what `stored` wrote, or the id itself. Raises UnknownTask for what is neither."""
    if text.lstrip().startswith("{"):
        try:
            text = json.loads(text)["task"]
        except (ValueError, KeyError):
            raise InvalidField(f"the stored handle {text[:80]!r} is not what to_json wrote") from None
    if not isinstance(text, str):
        raise UnknownTask(f"there is no task {text!r:.80}")
    parse_handle(text)
    return text


def progress_of(task: Task) -> dict[str, Any] | None:
    """How far a train is; None before it starts."""
    return msgspec.json.decode(task.progress) if task.progress is not None else None


def succeeded(handle: str, outcome: Outcome | None, *, timeout: float) -> Outcome:
    """The outcome of work that succeeded. Raises its error, or TimeoutError if there is no outcome."""
    if outcome is None:
        raise TimeoutError(f"the task {handle} has not ended within {timeout:g} s; it goes on")
    if outcome.state is not State.SUCCEEDED:
        raise read_failure(outcome.body).error()
    return outcome


def read_result(outcome: Outcome) -> Any:
    """What JSON says, or the bytes of another media type."""
    return msgspec.json.decode(outcome.body) if outcome.media == Media.JSON else outcome.body


def table_of(outcome: Outcome, *, library: str) -> Any:
    """The table of a result in Arrow. Raises InvalidField for one in another media type."""
    if outcome.media != Media.ARROW:
        raise InvalidField(f"the result is {outcome.media}; submit with accept={Media.ARROW.value!r} for a table")
    return read(outcome.body, library=library)


def notes_of(outcome: Outcome) -> list[dict[str, Any]]:
    """What was done with the rows of an estimate."""
    if outcome.media == Media.JSON:
        return list(msgspec.json.decode(outcome.body).get("notes", []))
    return list(json.loads(outcome.notes)) if outcome.notes else []
