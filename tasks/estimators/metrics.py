"""How good predictions are, with numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats = npt.NDArray[np.float64]

#: The metric that decides, and whether more of it is better, by problem.
MAIN: Final[dict[str, tuple[str, bool]]] = {
    "regression": ("rmse", False),
    "binary": ("auc", True),
    "multiclass": ("log_loss", False),
}
#: Of which metrics more is better, ours and those of the libraries that people use; "ndcg@5" is one of "ndcg".
GROWING: Final = frozenset({
    *("auc", "auc_mu", "roc_auc", "average_precision", "ndcg", "map", "accuracy", "balanced_accuracy"),
    *("precision", "recall", "f1", "r2"),
})  # fmt: skip
#: What decides if the main metric is not defined: AUC is not if the rows are all of one class.
FALLBACK: Final = ("log_loss", False)


def measure(problem: str, truth: Any, predictions: pa.Table, classes: Sequence[Any]) -> dict[str, float]:
    """The metrics of predictions (as `Estimator.predict` gives them) against the true values (an Arrow column).

    Regression: rmse, mae, r2. Binary: auc (left out if the rows are all of one class), log_loss, accuracy.
    Multiclass: log_loss, accuracy.
    """
    if problem == "regression":
        return _regression(_floats(truth), _floats(predictions.column("prediction")))
    index = {value: number for number, value in enumerate(classes)}
    expected = np.array([index[value] for value in truth.to_pylist()], dtype=np.intp)
    chances = np.column_stack([_floats(predictions.column(f"probability_{i}")) for i in range(len(classes))])
    given = np.array([index[value] for value in predictions.column("prediction").to_pylist()], dtype=np.intp)
    metrics = {"log_loss": log_loss(expected, chances), "accuracy": float((given == expected).mean())}
    if problem == "binary" and len(np.unique(expected)) == 2:
        return {"auc": auc(expected == 1, chances[:, 1]), **metrics}
    return metrics


def better_by(problem: str, new: dict[str, float], old: dict[str, float]) -> tuple[str, bool]:
    """(the problem's main metric, whether `new` is better than `old` by it). Equal is not better."""
    name, more = MAIN[problem]
    if name not in new or name not in old:
        name, more = FALLBACK
    return name, new[name] > old[name] if more else new[name] < old[name]


def auc(positive: npt.NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve: the Mann-Whitney U of the positives over its largest value; ties count a half.

    Source: Hanley and McNeil, Radiology 143 (1982), 29-36. Needs a row of each class.
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    size = int(positive.sum())
    rest = len(positive) - size
    return float((ranks[positive].sum() - size * (size + 1) / 2) / (size * rest))


def log_loss(expected: npt.NDArray[np.intp], chances: Floats) -> float:
    """Mean negative natural logarithm of the probability given to the true class, kept `eps` away from 0 and 1.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108. `eps` is that of float64.
    """
    eps = np.finfo(np.float64).eps
    true = chances[np.arange(len(expected)), expected]
    return float(-np.log(np.clip(true, eps, 1 - eps)).mean())


def _regression(truth: Floats, given: Floats) -> dict[str, float]:
    """RMSE, MAE and the coefficient of determination 1 - SSE/SST, which is 0 where the truth does not vary."""
    scale = max(float(np.abs(truth).max()), float(np.abs(given).max()), 1.0)
    errors = (given - truth) / scale
    total = float((((truth - truth.mean()) / scale) ** 2).sum())
    return {
        "rmse": float(np.sqrt((errors**2).mean()) * scale),
        "mae": float(np.abs(errors).mean() * scale),
        "r2": 1 - float((errors**2).sum()) / total if total else 0.0,
    }


def _floats(values: Any) -> Floats:
    return np.asarray(values.to_numpy(), dtype=np.float64)
