"""What a fit of LightGBM tells of each iteration."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Final

from tasks.errors import InvalidParams
from tasks.estimators.base import Progress
from tasks.estimators.lightgbm_metrics import Asked

#: The metrics of the rows to learn from are measured now and then, since with several classes that takes a third of an
#: iteration's time: in so many of all iterations that there may be, and in the first ones so often that each time the
#: number has grown by that part. A fit that stops early has a curve then, too.
TRAIN_POINTS: Final = 40
TRAIN_GROWTH: Final = 1 / 6


def reporter(total: int, progress: Progress, *, measured: bool = True, own: Asked | None = None) -> Any:
    """A callback of `lightgbm.train` that tells `progress`, with metrics if these are to be `measured`, those of
    `own` too. Raises InvalidParams for a fit that diverges."""
    widest = -(-total // TRAIN_POINTS)
    due = 1

    def report(env: Any) -> None:
        nonlocal due
        iteration = env.iteration - env.begin_iteration + 1
        metrics = {}
        if measured and iteration in (due, total):
            due = iteration + max(1, min(widest, int(iteration * TRAIN_GROWTH)))
            metrics["train"] = _values(env.model.eval_train(own))
        if env.evaluation_result_list:
            metrics["holdout"] = _values(env.evaluation_result_list)
        if not all(math.isfinite(value) for values in metrics.values() for value in values.values()):
            raise InvalidParams(f"the fit diverges at iteration {iteration}; try a lower learning_rate").at("/params")
        progress(iteration, total, metrics if measured else {})

    # Before early stopping, whose order is 30, so that the last iteration is heard of.
    report.order = 20  # type: ignore[attr-defined]
    return report


def _values(results: Iterable[Any]) -> dict[str, float]:
    return {result.metric_name: float(result.metric_value) for result in results}
