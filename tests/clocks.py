"""A clock for tests."""

from __future__ import annotations

from typing import Final

#: When it starts, in seconds since the epoch.
NOW: Final = 1_000_000.0


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now
