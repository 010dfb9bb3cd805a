"""Trains in a test's own process."""

from __future__ import annotations

from collections.abc import Callable


def undrawn(_: Callable[[], None]) -> None:
    """The report of a train, which is left for later, is not drawn: that takes most of the time of a small one."""
