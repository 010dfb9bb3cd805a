"""How good predictions are, with numpy alone. Every metric can weigh rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.ndcg import CUTS
from tasks.estimators.outcomes import CALIBRATION_BINS, Floats, Outcomes
from tasks.estimators.outcomes import auc as auc
from tasks.estimators.outcomes import log_loss as log_loss
from tasks.estimators.own_metrics import NO_METRICS, Metric, OwnMetrics
from tasks.tables.columns import AMOUNTS

#: The metric that decides, and whether more of it is better, by problem.
MAIN: Final[dict[str, tuple[str, bool]]] = {
    "regression": ("rmse", False),
    "binary": ("auc", True),
    "multiclass": ("log_loss", False),
    "ranking": ("ndcg@10", True),
}
#: What is measured, by problem; `mape` where no true value is 0, `auc` and `average_precision` where the rows have both
#: classes, `pinball` of fits of a quantile.
MEASURED: Final[dict[str, tuple[str, ...]]] = {
    "regression": ("rmse", "mae", "r2", "mape", "pinball"),
    "binary": (*("auc", "average_precision", "log_loss", "accuracy", "balanced_accuracy", "f1", "calibration_error"),),
    "multiclass": ("log_loss", "accuracy", "balanced_accuracy", "f1", "calibration_error"),
    "ranking": tuple(f"ndcg@{cut}" for cut in CUTS),
}
#: Of which metrics more is better, ours and those of the libraries that people use; "ndcg@5" is one of "ndcg".
GROWING: Final = frozenset({
    *("auc", "auc_mu", "roc_auc", "average_precision", "ndcg", "map", "accuracy", "balanced_accuracy"),
    *("precision", "recall", "f1", "r2"),
})  # fmt: skip
#: What decides if the main metric is not defined: AUC is not if the rows are all of one class.
FALLBACK: Final = "log_loss"


def measure(
    problem: str, truth: Any, predictions: pa.Table, classes: Sequence[Any], *, weights: Floats | None = None
) -> dict[str, float]:
    """The metrics of predictions (as `Estimator.predict` gives them) against the true values (an Arrow column)."""
    return figures(Outcomes.of(problem, truth, predictions, classes, weights=weights))


def figures(outcomes: Outcomes, weights: Floats | None = None, *, only: Sequence[str] = ()) -> dict[str, float]:
    """The metrics of the problem that are defined for these rows, and those of the estimator, weighed by `weights` in
    place of their own; those of `only`, if that names some. With a weight of 0 a row counts as not there."""
    weights = outcomes.weights if weights is None else weights
    measures = _AMOUNTS.get(outcomes.problem, _classes)
    found = measures(outcomes, weights)
    found |= {
        name: _own(outcomes, metric, weights) for name, metric in outcomes.own.items() if not only or name in only
    }
    return {name: value for name, value in found.items() if not only or name in only}


def main_metric(problem: str, chosen: str, *found: dict[str, float], own: OwnMetrics = NO_METRICS) -> tuple[str, bool]:
    """(the metric that decides, whether more is better): the one chosen, or pinball loss of quantiles, or that of
    the problem, or where one of `found` has it not, log loss."""
    quantiles = bool(found) and all("pinball" in figures for figures in found)
    name = chosen or ("pinball" if quantiles else MAIN[problem][0])
    if not all(name in figures for figures in found):
        name = FALLBACK if problem not in AMOUNTS else MAIN[problem][0]
    return name, grows(name, own)


def grows(metric: str, own: OwnMetrics = NO_METRICS) -> bool:
    """Whether more of a metric is better; `own`: those of the estimator."""
    if metric in own:
        return own[metric].more_is_better
    return metric.partition("@")[0] in GROWING


def _own(rows: Outcomes, metric: Metric, weights: Floats) -> float:
    answers = rows.given if rows.problem in AMOUNTS else rows.chances
    return float(metric.of(rows.truth, np.asarray(answers, dtype=np.float64), weights))


def _regression(rows: Outcomes, weights: Floats) -> dict[str, float]:
    """RMSE, MAE and the coefficient of determination 1 - SSE/SST, which is 0 where the truth does not vary."""
    total, scale = weights.sum(), rows.scale
    squares = float(weights @ rows.errors**2)
    truth = rows.truth / scale
    spread = float(weights @ (truth - (weights @ truth) / total) ** 2)
    found = {
        "rmse": float(np.sqrt(squares / total) * scale),
        "mae": float(weights @ np.abs(rows.errors) / total * scale),
        "r2": 1 - squares / spread if spread else 0.0,
    }
    if rows.relative is not None:
        found["mape"] = float(weights @ rows.relative / total)
    if rows.pinball is not None:
        found["pinball"] = float(weights @ rows.pinball / total * scale)
    return found


def _in_order(rows: Outcomes, weights: Floats) -> dict[str, float]:
    """NDCG of the first places of each query, by the mean weight of its rows."""
    of_query = rows.of_query
    counts, summed = np.bincount(of_query), np.bincount(of_query, weights)
    each = summed / counts
    found = [(f"ndcg@{cut}", values) for cut, values in rows.ndcg.items()]
    return {name: float(each @ values / each.sum()) for name, values in found}


def _classes(rows: Outcomes, weights: Floats) -> dict[str, float]:
    total, size = weights.sum(), rows.chances.shape[1]
    support = np.bincount(rows.truth, weights, size)
    right = np.bincount(rows.truth, weights * rows.hits, size)
    given = np.bincount(rows.given, weights, size)
    there = support > 0
    f1 = np.divide(2 * right, support + given, out=np.zeros(size), where=support + given > 0)
    found = {
        "log_loss": float(weights @ rows.losses / total),
        "accuracy": float(right.sum() / total),
        "balanced_accuracy": float((right[there] / support[there]).mean()),
        "f1": float(f1[1] if rows.problem == "binary" else f1[there | (given > 0)].mean()),
        "calibration_error": _calibration_error(rows, weights),
    }
    if rows.problem == "binary" and there.all():
        return {**_ranking(rows, weights), **found}
    return found


def _ranking(rows: Outcomes, weights: Floats) -> dict[str, float]:
    """AUC and average precision of the second class. Source of the latter: Zhu, Recall, precision and average precision
    (2004), as the sum over thresholds of precision times what recall gains."""
    positive, negative = rows.by_chance(weights)
    below = np.cumsum(negative) - negative
    above = np.cumsum(positive[::-1])
    taken = above + np.cumsum(negative[::-1])
    precision = np.divide(above, taken, out=np.zeros_like(taken), where=taken > 0)
    return {
        "auc": float(positive @ (below + negative / 2) / (positive.sum() * negative.sum())),
        "average_precision": float(positive[::-1] @ precision / positive.sum()),
    }


def _calibration_error(rows: Outcomes, weights: Floats) -> float:
    """Mean distance of the given chance and the part that came true, over bins of equal width. Source: Naeini et al.,
    Obtaining Well Calibrated Probabilities Using Bayesian Binning, AAAI (2015)."""
    bins, off = rows.calibration
    return float(np.abs(np.bincount(bins, weights * off, CALIBRATION_BINS)).sum() / weights.sum())


_AMOUNTS: Final[dict[str, Callable[[Outcomes, Floats], dict[str, float]]]] = {
    "regression": _regression,
    "ranking": _in_order,
}
