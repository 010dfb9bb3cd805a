"""What a part of the benchmark found."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Section:
    """One table with the figures behind it."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    #: What is written as JSON.
    figures: Any
    #: What was wrong; a run with a fault has failed.
    faults: Sequence[str] = field(default=())


def percentile(values: Sequence[float], percent: int) -> float:
    """The percentile (1 to 99), between neighbours by their distance."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of ours divided by theirs; infinite where theirs is 0."""
    return statistics.median(a / b if b else math.inf for a, b in zip(ours, theirs, strict=True))


def show(value: float) -> str:
    """A figure with as many digits as mean something."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
