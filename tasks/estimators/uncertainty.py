"""How far a metric may be off for the rows that it was measured on, by leaving out groups of them in turn."""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from tasks.estimators.metrics import figures
from tasks.estimators.outcomes import Outcomes

#: Groups of rows that are left out in turn (the delete-a-group jackknife: Kott, Journal of Official Statistics 17,
#: 2001). Rows that come one after the other are in different groups.
GROUPS: Final = 30
#: Two-sided quantiles of Student's t with 29 degrees of freedom: of 95 % and of 90 %.
_T95, _T90 = 2.045, 1.699
#: The 97.5 % quantile of the normal distribution, for shares.
_Z95: Final = 1.96
#: What is never below 0, and what is never above 1.
_FROM_0: Final = ("rmse", "mae", "mape", "pinball", "log_loss", "auc", "average_precision", "accuracy",
                  "balanced_accuracy", "f1", "calibration_error", "ndcg")  # fmt: skip
_TO_1: Final = ("r2", "auc", "average_precision", "accuracy", "balanced_accuracy", "f1", "calibration_error", "ndcg")

Interval = tuple[float, float]


def intervals(outcomes: Outcomes, found: dict[str, float]) -> dict[str, Interval]:
    """The 95 % interval of each of the metrics that were found on these rows, where it can be told.

    For accuracy that of Wilson (JASA 22, 1927), which has a width even where all rows are right.
    """
    if len(outcomes) < 3:
        return {}
    left_out = _replicates(outcomes)
    told = {}
    for name, value in found.items():
        half = _half(np.array([one[name] for one in left_out if name in one]), _T95)
        if name == "accuracy":
            told[name] = _wilson(value, float(outcomes.weights.sum() ** 2 / (outcomes.weights**2).sum()))
        elif half is not None:
            told[name] = _bounded(name, value - half, value + half)
    return told


def difference(new: Outcomes, old: Outcomes, name: str) -> Interval | None:
    """The 90 % interval of what the metric of `new` is above that of `old`, on the same rows; None if it cannot be
    told."""
    value = figures(new)[name] - figures(old)[name]
    pairs = zip(_replicates(new, name), _replicates(old, name), strict=True)
    half = _half(np.array([one[name] - other[name] for one, other in pairs if name in one and name in other]), _T90)
    return None if half is None else (value - half, value + half)


def _replicates(outcomes: Outcomes, *only: str) -> list[dict[str, float]]:
    """The metrics with one group left out, for each group. Rows of a query are in the same group."""
    of_query = outcomes.of_query
    groups = min(GROUPS, int(of_query.max(initial=0)) + 1)
    of_row = of_query % groups
    parts = (np.where(of_row == group, 0.0, outcomes.weights) for group in range(groups))
    return [figures(outcomes, weights, only=only) for weights in parts if weights.any()]


def _half(values: np.ndarray, quantile: float) -> float | None:
    """Half the width of an interval, from a metric's values without one group each; None if there are too few."""
    if len(values) < 3 or not np.isfinite(values).all():
        return None
    variance = (len(values) - 1) / len(values) * float(((values - values.mean()) ** 2).sum())
    return quantile * math.sqrt(variance)


def _bounded(name: str, low: float, high: float) -> Interval:
    kind = name.partition("@")[0]
    return max(low, 0.0) if kind in _FROM_0 else low, min(high, 1.0) if kind in _TO_1 else high


def _wilson(share: float, rows: float) -> Interval:
    middle = (share + _Z95**2 / (2 * rows)) / (1 + _Z95**2 / rows)
    half = _Z95 / (1 + _Z95**2 / rows) * math.sqrt(share * (1 - share) / rows + _Z95**2 / (4 * rows**2))
    return max(0.0, middle - half), min(1.0, middle + half)
