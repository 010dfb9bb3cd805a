"""Requests and answers of HTTP as values, so that what is said is written once for threads and for event loops.

An exchange is a generator: it yields calls and pauses, is sent what came of them, and returns what it was for.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeAlias, TypeVar

import msgspec

T = TypeVar("T")


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A request to send."""

    method: str
    path: str
    params: dict[str, str] = {}
    headers: dict[str, str] = {}
    content: bytes = b""
    #: How long its answer may take (seconds).
    seconds: float = 30.0

    def __repr__(self) -> str:
        # Headers say who calls, and tracebacks and logs show this.
        return f"Call({self.method} {self.path})"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. The names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Lost(msgspec.Struct, frozen=True):
    """Nothing came back, and why."""

    why: str


class Alone(msgspec.Struct, frozen=True):
    """Carry this out while no other such exchange of the same service is."""

    exchange: Callable[[], Generator[Any, Any, None]]


class Pause(msgspec.Struct, frozen=True):
    """Wait for so many seconds."""

    seconds: float


#: Every pause and every exchange alone is answered with None.
Exchange: TypeAlias = Generator[Call | Pause | Alone, Answer | Lost | None, T]
