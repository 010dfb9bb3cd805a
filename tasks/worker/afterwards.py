"""What a piece of work leaves to be done once its outcome is written: nobody waits for it."""

from __future__ import annotations

from collections.abc import Callable


class Afterwards:
    """Acts in the order in which they were added. Each sees to its own errors."""

    def __init__(self) -> None:
        self._acts: list[Callable[[], None]] = []

    def add(self, act: Callable[[], None]) -> None:
        """Have it done later; never if the process ends before."""
        self._acts.append(act)

    def run(self) -> None:
        """Do them all, once."""
        while self._acts:
            self._acts.pop(0)()
