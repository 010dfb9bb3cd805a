"""Where the time of a request goes: spans for an OpenTelemetry collector. Without an endpoint nothing of it is loaded.

A traced item carries the `traceparent` (W3C Trace Context) of the step that submitted it in its head. Its work is a
span of its own trace; the group in which it was worked on is a span that has links to all of its traced items.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome

#: What an attribute of a span may be.
Value = str | int | float | bool


class Step:
    """A part of the work while it lasts, as a context manager. This one is not traced."""

    #: The `traceparent` of what comes of this step; empty if that is not to be traced.
    parent: str = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The step is over."""

    def say(self, **attributes: Value) -> None:
        """Note what is known by now, as attributes `mlservice.NAME`."""

    def end(self, *, status: int, name: str) -> None:
        """The request is answered with this status; its name is the method and the route."""


class GroupStep(Step):
    """The work on a group."""

    def tell(self, outcomes: Sequence[Outcome]) -> None:
        """How its items ended."""


NOTHING: Final = Step()
NO_GROUP: Final = GroupStep()


class Traces:
    """The traces of one process. This one traces nothing, and each method costs a call."""

    #: Whether anything may be traced.
    on: bool = False

    def request(self, *, method: str, path: str, traceparent: str | None) -> Step:
        """An HTTP request, until `end`. It is traced if the caller's step is, or by chance."""
        return NOTHING

    def submit(self, parent: str, **attributes: Value) -> Step:
        """The submission of one item, below the request's step."""
        return NOTHING

    def group(self, claim: Claim, *, began: int) -> GroupStep:
        """The work on a claim, which was asked for at `began` (nanoseconds since the epoch)."""
        return NO_GROUP

    def step(self, name: str, **attributes: Value) -> Step:
        """A part of the group's work in this process, below the group's step."""
        return NOTHING

    def close(self) -> None:
        """Send what is left, without waiting long."""


#: For a process that traces nothing.
UNTRACED: Final = Traces()
