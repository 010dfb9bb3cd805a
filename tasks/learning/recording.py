"""What a train tells of itself: the newest metrics of each set, where the holdout was best, and the curve of it all."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tasks.estimators.base import Metrics
from tasks.registry.curve import HOLDOUT, Best, Curve, Line

#: Most points of a line that are kept for being evenly spread; the last one and the best ones are kept as well.
POINTS: Final = 500
#: Time after which work that is not recorded is told of (seconds): so soon is it noticed that nobody wants it any more.
PULSE_SECONDS: Final = 2.0

_Values = Mapping[str, float]


class Step(msgspec.Struct, frozen=True):
    """What is known after an iteration."""

    iteration: int
    #: How many iterations there may be.
    total: int
    #: The newest metrics by set and name, and in which iteration each set was measured: not all are in each one.
    metrics: Metrics
    measured: Mapping[str, int]
    #: Where each metric was best on the holdout until now.
    best: Mapping[str, Best]
    #: Nothing comes after it.
    last: bool = False
    #: What is known of the train's search for params; an iteration is a trial while it lasts. None without one.
    search: Mapping[str, Any] | None = None
    #: How long it may still take, where the pace of iterations does not tell it (seconds).
    seconds_left: float | None = None


Report = Callable[[Step], Any]


class Recorder:
    """A progress callback that keeps what it hears, and tells another what is known by then.

    Values that are not finite are left out: JSON has none, and a record that held one could not be read. `grows`: of
    which metrics more is better.
    """

    def __init__(self, report: Report, *, grows: Callable[[str], bool]) -> None:
        self._report = report
        self._grows = grows
        self._lines: dict[str, _Points] = {}
        self._best: dict[str, Best] = {}
        self._best_points: dict[str, tuple[int, _Values]] = {}
        self._step: Step | None = None
        self._told = time.monotonic()

    def __call__(self, iteration: int, total: int, metrics: Metrics) -> None:
        """Hear of one iteration. Raises what the other raises."""
        for part, values in finite(metrics).items():
            if values:
                self._lines.setdefault(part, _Points()).add(iteration, values)
                if part == HOLDOUT:
                    self._compare(iteration, values)
        newest = {part: line.last for part, line in self._lines.items()}
        self._step = Step(
            iteration,
            total,
            metrics={part: values for part, (_, values) in newest.items()},
            measured={part: measured for part, (measured, _) in newest.items()},
            best=self._best.copy(),
            last=iteration == total,
        )
        self._report(self._step)

    def pulse(self, total: int) -> None:
        """Tell now and then what is known, while work goes on that is not recorded. Raises what the other raises."""
        if time.monotonic() - self._told >= PULSE_SECONDS:
            self._told = time.monotonic()
            self._report(self._step or Step(0, total, metrics={}, measured={}, best={}))

    def end(self) -> None:
        """The fit is over, perhaps before all iterations that there might have been: tell the last one as such."""
        if self._step is not None and not self._step.last:
            self._report(msgspec.structs.replace(self._step, last=True))

    @property
    def curve(self) -> Curve:
        """What was heard of each set, of those metrics that it always had; thinned evenly where there is much."""
        lines = {
            part: line.line(self._best_points.values() if part == HOLDOUT else ()) for part, line in self._lines.items()
        }
        best = {name: msgspec.structs.replace(found, value=rounded(found.value)) for name, found in self._best.items()}
        return Curve(lines, best)

    def _compare(self, iteration: int, values: _Values) -> None:
        for name, value in values.items():
            known, grows = self._best.get(name), self._grows(name)
            if known is None or (value > known.value if grows else value < known.value):
                self._best[name] = Best(iteration, value, grows)
                self._best_points[name] = iteration, values


class _Points:
    """What was measured on one set, of evenly spread iterations: where there are too many, every second one goes."""

    def __init__(self) -> None:
        self._kept: list[tuple[int, _Values]] = []
        self._step = 1
        self._heard = 0
        self.last: tuple[int, _Values] = (0, {})

    def add(self, iteration: int, values: _Values) -> None:
        self.last = iteration, values
        if self._heard % self._step == 0:
            self._kept.append(self.last)
            if len(self._kept) > POINTS:
                self._kept, self._step = self._kept[::2], self._step * 2
        self._heard += 1

    def line(self, more: Any) -> Line:
        """The points that are kept, the last, and `more`."""
        points = dict(sorted([*self._kept, self.last, *more]))
        names = [name for name in self.last[1] if all(name in values for values in points.values())]
        return Line(list(points), {name: [rounded(values[name]) for values in points.values()] for name in names})


def finite(metrics: Metrics) -> dict[str, dict[str, float]]:
    """The metrics that are numbers which JSON can hold, as plain floats."""
    plain = {part: {name: float(value) for name, value in values.items()} for part, values in metrics.items()}
    return {part: {n: v for n, v in values.items() if math.isfinite(v)} for part, values in plain.items()}


def rounded(value: float) -> float:
    """The value as a curve keeps it."""
    return float(f"{value:.6g}")
