"""What a fault is, and what is kept of each time that it happened."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

from tasks.contract import Kind
from tests.chaos.stage import Stage


class Skipped(Exception):
    """Raised when a fault cannot be done on this machine; says why."""


@dataclass(kw_only=True)
class Event:
    """One time that a fault happened. Times are seconds since the epoch."""

    kind: str
    began_at: float
    #: When the harm was over, from which on the service could recover.
    over_at: float
    #: Seconds until estimates were answered again; None if they were not.
    recovery_seconds: float | None
    #: The kinds of work whose worker was killed, or stood still for longer than its lease.
    killed: tuple[Kind, ...] = ()
    #: How many processes of the machine wanted a processor then (its load average of a minute).
    load: float = 0.0
    #: What else the fault measured.
    notes: dict[str, Any] = field(default_factory=dict)


class Fault(ABC):
    """One kind of harm. What goes otherwise than promised is told to the account."""

    #: What it is called on the command line; `--only` takes also a part between hyphens.
    name: str
    #: True if it happens as often as `--kills` says, at random moments; else it happens once.
    repeated: bool = False
    #: The kinds of work whose worker is killed, or stands still for longer than its lease.
    killed: tuple[Kind, ...] = ()

    @abstractmethod
    def strike(self, stage: Stage) -> dict[str, Any]:
        """Do the harm, and return as soon as it is over, with what was measured. Raises Skipped."""

    def settle(self, stage: Stage) -> dict[str, Any]:
        """After estimates are answered again: wait for the rest to be whole, and say what was measured."""
        return {}
