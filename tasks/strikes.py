"""Clocks of different processes of a machine that strike at the same time.

What an idle service writes now and then, such as that each process is there, comes to the disk at once so: each sync
writes a page of it at least. And a processor that sleeps is woken once for all.
"""

from __future__ import annotations

import time


def until_strike(seconds: float, *, later: float = 0.0) -> float:
    """How long it is until a clock strikes that does so every `seconds`, or so much `later` than others do."""
    # The monotonic clock is the machine's.
    return seconds - (time.monotonic() - later) % seconds
