"""The learning curve of a train that is watched, point after point."""

from __future__ import annotations

from typing import Any

import msgspec

from tasks.ledger.groups import Task
from tasks.registry.curve import Best, Curve, Line


class LiveCurve:
    """What has been seen of the curve of one task. Begins anew when the task does: its worker may have died."""

    def __init__(self) -> None:
        self.curve = Curve()
        self._run: float | None = None
        self._iteration = 0

    def add(self, task: Task, progress: dict[str, Any]) -> None:
        """Go on with what a progress object tells."""
        if task.started_at != self._run or progress["iteration"] < self._iteration:
            self.curve = Curve()
        self._run, self._iteration = task.started_at, progress["iteration"]
        for part, values in progress["metrics"].items():
            # A worker of the release before does not say when it was measured.
            measured = progress.get("measured", {}).get(part, self._iteration)
            line = self.curve.lines.setdefault(part, Line([], {name: [] for name in values}))
            if values.keys() == line.metrics.keys() and (not line.iterations or measured > line.iterations[-1]):
                line.iterations.append(measured)
                for name, value in values.items():
                    line.metrics[name].append(value)
        self.curve.best.update(msgspec.convert(progress.get("best", {}), dict[str, Best]))
