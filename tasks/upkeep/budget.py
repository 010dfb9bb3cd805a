"""A bound on how long something goes on that can go on another time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


class Budget:
    """So much time from now (seconds)."""

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock() + seconds

    @property
    def spent(self) -> bool:
        """Whether the time is up."""
        return self._clock() >= self._until

    def within(self, items: Iterable[T]) -> Iterator[T]:
        """The items, until the time is up."""
        for item in items:
            if self.spent:
                return
            yield item
