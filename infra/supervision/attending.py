"""What `mlservice up` does beside a service that is ready, while it waits for its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Attending(Protocol):
    """What is done beside a service that is ready."""

    #: How often; None: never.
    seconds: float | None

    def look(self) -> None:
        """Do it."""


class Nothing:
    """Nothing is done."""

    seconds: float | None = None

    def __init__(self, environment: Mapping[str, str]) -> None:
        pass

    def look(self) -> None:
        """Do nothing."""
