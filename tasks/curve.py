"""The learning curve of a train: its metrics by iteration, thinned where there are many."""

from __future__ import annotations

import math
from typing import Final

from tasks.estimators.base import Metrics, Progress
from tasks.registry import Curve

#: Most iterations that are kept.
POINTS: Final = 500


class Recorder:
    """A progress callback that keeps what it hears, and passes it on to another.

    Values that are not finite are left out for both: JSON has none, and a record that held one could not be read. An
    iteration in which not all sets were measured is no point of the curve.
    """

    def __init__(self, report: Progress) -> None:
        self._report = report
        self._heard: list[tuple[int, Metrics]] = []
        self._step = 1

    def __call__(self, iteration: int, total: int, metrics: Metrics) -> None:
        """Hear of one iteration. Raises what the other raises."""
        known = finite(metrics)
        self._report(iteration, total, known)
        if self._heard and not self._heard[0][1].keys() <= known.keys():
            return
        if self._heard and (self._heard[-1][0] - 1) % self._step:
            # The last one is always there, whether it is one of those that are kept or not.
            self._heard.pop()
        self._heard.append((iteration, known))
        if len(self._heard) > POINTS:
            self._step *= 2
            kept = [one for one in self._heard[:-1] if not (one[0] - 1) % self._step]
            self._heard = [*kept, self._heard[-1]]

    @property
    def curve(self) -> Curve:
        """What was heard, of sets and metrics that every iteration had."""
        if not self._heard:
            return Curve()
        iterations, heard = [iteration for iteration, _ in self._heard], [metrics for _, metrics in self._heard]
        last = heard[-1]
        names = [(part, name) for part in last for name in last[part] if all(name in m.get(part, {}) for m in heard)]
        metrics: dict[str, dict[str, list[float]]] = {}
        for part, name in names:
            metrics.setdefault(part, {})[name] = [float(f"{m[part][name]:.6g}") for m in heard]
        return Curve(iterations, metrics)


def finite(metrics: Metrics) -> Metrics:
    """The metrics that are numbers which JSON can hold, as plain floats."""
    plain = {part: {name: float(value) for name, value in values.items()} for part, values in metrics.items()}
    return {part: {n: v for n, v in values.items() if math.isfinite(v)} for part, values in plain.items()}
