"""Clocks of different processes of a machine that strike at the same time.

What an idle service writes now and then, such as that each process is there, comes to the disk at once so: each sync
writes a page of it at least. And a processor that sleeps is woken once for all.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field


def until_strike(seconds: float, *, later: float = 0.0) -> float:
    """How long it is until a clock strikes that does so every `seconds`, or so much `later` than others do."""
    # The monotonic clock is the machine's.
    return seconds - (time.monotonic() - later) % seconds


@dataclass(slots=True)
class Clock:
    """Strikes every `seconds`; says what is due again."""

    seconds: float
    at: float = field(default_factory=time.monotonic)

    def is_due(self, now: float) -> bool:
        """True once after each time at which it strikes."""
        if now // self.seconds == self.at // self.seconds:
            return False
        self.at = now
        return True
