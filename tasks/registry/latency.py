"""What is kept of how long a version takes for a row."""

from __future__ import annotations

from typing import Any

import msgspec


class Latency(msgspec.Struct, frozen=True, kw_only=True):
    """How long the model of a version took for a row that is asked alone, on the machine that trained it, without what
    HTTP and queues take."""

    #: What was asked for (seconds).
    most: float
    #: The median of so many rows, asked one after the other (seconds).
    measured: float
    rows: int
    #: What the first model of this train took (seconds), and the params that were changed for it; empty if that was
    #: quick enough.
    at_first: float
    bounded: dict[str, Any]
