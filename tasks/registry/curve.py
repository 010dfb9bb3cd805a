"""The learning curve of a version as it is kept: each set's metrics by iteration, and where the holdout was best."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

#: The set on which is measured what a fit is worth.
HOLDOUT: Final = "holdout"
#: The first part of all iterations, which a drawing may leave out to show the rest; from so many iterations on.
EARLY: Final = 0.1
EARLY_ITERATIONS: Final = 20
#: How many times the room of the rest all values must take for that, and what is added to the rest's room then.
TIMES: Final = 2.0
MARGIN: Final = 0.1


class Line(msgspec.Struct, frozen=True):
    """What was measured on one set: the iterations, and of each metric a value for each of them."""

    iterations: list[int] = []
    metrics: dict[str, list[float]] = {}


class Best(msgspec.Struct, frozen=True):
    """The first iteration in which a metric was at its best on the holdout, and whether more of it is better."""

    iteration: int
    value: float
    higher_is_better: bool


class Curve(msgspec.Struct, frozen=True):
    """A line for each set (`train`, `holdout`), each with its own iterations; where the holdout was best, by metric."""

    lines: dict[str, Line] = {}
    best: dict[str, Best] = {}

    @property
    def names(self) -> list[str]:
        """The metrics of all sets."""
        return list(dict.fromkeys(name for line in self.lines.values() for name in line.metrics))


class _Kept(Curve, frozen=True):
    """A curve as Redis has it. The versions before this format had one list of iterations for all sets, those in which
    each set was measured; what was best in them is not the best."""

    iterations: list[int] = []
    metrics: dict[str, dict[str, list[float]]] = {}


_read = msgspec.json.Decoder(_Kept).decode


def read_curve(data: bytes) -> Curve:
    """The curve that a version was stored with, by this release or one before."""
    kept = _read(data)
    if kept.metrics:
        return Curve({part: Line(kept.iterations, metrics) for part, metrics in kept.metrics.items()})
    return Curve(kept.lines, kept.best)


def shown_range(curve: Curve, name: str, *, parts: Iterable[str] | None = None) -> tuple[float, float]:
    """The lowest and the highest value of a metric that a drawing of these sets (all) should have room for.

    All values; but if the first iterations take most of the room, no more of those than fits above or below the rest,
    so that it is seen how the rest goes. The best of the holdout is always inside.
    """
    shown = [line for part, line in curve.lines.items() if name in line.metrics and (parts is None or part in parts)]
    points = [point for line in shown for point in zip(line.iterations, line.metrics[name], strict=True)]
    low, high = _span([value for _, value in points])
    first, last = _span([iteration for iteration, _ in points])
    border = first + EARLY * (last - first)
    later = [value for iteration, value in points if iteration >= border]
    if name in curve.best and (parts is None or HOLDOUT in parts):
        later.append(curve.best[name].value)
    bottom, top = _span(later)
    if last - first < EARLY_ITERATIONS or top == bottom or high - low <= TIMES * (top - bottom):
        return low, high
    margin = MARGIN * (top - bottom)
    return max(low, bottom - margin), min(high, top + margin)


def _span(values: Sequence[float]) -> tuple[float, float]:
    return min(values), max(values)
