"""A thing that grows: at three sizes what it costs, the cost that it may have, and the shape."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import redis


@dataclass(frozen=True, kw_only=True)
class Bound:
    """What a figure may be."""

    #: At the largest size.
    most: float
    #: As the power of the size with which it grows: 0 is flat, 1 linear. None: it is not asked for.
    exponent: float | None = None


@dataclass(frozen=True, kw_only=True)
class Row:
    """One thing that grows."""

    name: str
    #: What there are so many of.
    of: str
    sizes: Sequence[int]
    #: The figures at all these sizes: by name, one for each.
    measure: Callable[[Sequence[int]], dict[str, list[float]]]
    #: By the names of figures, which say their units.
    bounds: dict[str, Bound]


@dataclass(frozen=True, kw_only=True)
class Result:
    """What was found."""

    row: Row
    figures: dict[str, list[float]]
    faults: list[str] = field(default_factory=list)


def judged(row: Row, figures: dict[str, list[float]]) -> Result:
    """The figures, with what is worse than it may be."""
    faults = []
    for name, bound in row.bounds.items():
        found = figures[name]
        if found[-1] > bound.most:
            faults.append(
                f"{row.name}: {found[-1]:.3g} {name} at {row.sizes[-1]:,} {row.of}, and may be {bound.most:g}"
            )
        if bound.exponent is not None and (grown := exponent(row.sizes, found)) > bound.exponent:
            faults.append(f"{row.name}: {name} grow with the power {grown:.2f} of {row.of}, and may {bound.exponent:g}")
    return Result(row=row, figures=figures, faults=faults)


def exponent(sizes: Sequence[int], figures: Sequence[float]) -> float:
    """The power of the size with which a figure grows: the slope of its logarithm, by least squares."""
    if min(figures) <= 0:
        return 0.0
    x, y = [math.log(size) for size in sizes], [math.log(figure) for figure in figures]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    spread = sum((one - middle_x) ** 2 for one in x)
    return sum((one - middle_x) * (other - middle_y) for one, other in zip(x, y, strict=True)) / spread


@contextmanager
def spent(client: redis.Redis) -> Iterator[Callable[[], float]]:
    """Gives the seconds of the processor that were used inside, by this process and by Redis."""
    before = _seconds(client)
    after: list[float] = []
    yield lambda: after[0]
    after.append(_seconds(client) - before)


def _seconds(client: redis.Redis) -> float:
    used: Any = client.info("cpu")
    return time.process_time() + float(used["used_cpu_user"] + used["used_cpu_sys"])


def least_ms(client: redis.Redis, do: Callable[[], Any], *, times: int) -> float:
    """The milliseconds of the processor that something takes, the least of so many times: others on the machine add to
    it."""
    found = []
    for _ in range(times):
        with spent(client) as seconds:
            do()
        found.append(1000 * seconds())
    return min(found)
