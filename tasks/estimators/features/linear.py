"""A linear model of many sparse numbers: ridge regression, and what it says of rows that it has not seen."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: How much the weights are held back: the penalty of their squares, where each row has length 1.
PENALTY: Final = 1.0
#: Steps of the solver, which stops before where they change little.
STEPS: Final = 40
TOLERANCE: Final = 1e-4
#: Parts of which each is predicted by the others.
FOLDS: Final = 5

Floats = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]


def unit_rows(matrix: Any) -> Any:
    """The rows with length 1; those without a number stay as they are."""
    lengths = np.sqrt(np.asarray(matrix.multiply(matrix).sum(axis=1), dtype=np.float64)).ravel()
    lengths[lengths == 0] = 1
    scaled = matrix.copy()
    scaled.data = matrix.data / np.repeat(lengths, np.diff(matrix.indptr))
    return scaled


def fit(rows: Any, targets: Floats) -> tuple[Floats, Floats]:
    """(weights, bases) for each column of `targets`: `rows @ weights + bases` is near to it.

    Source: Paige and Saunders, LSQR, ACM Transactions on Mathematical Software 8 (1982), 43-71.
    """
    from scipy.sparse.linalg import lsqr

    bases = targets.mean(axis=0)
    how = {"damp": PENALTY**0.5, "iter_lim": STEPS, "atol": TOLERANCE, "btol": TOLERANCE}
    weights = [lsqr(rows, column, **how)[0] for column in (targets - bases).T]
    return np.column_stack(weights), bases


def out_of_fold(rows: Any, targets: Floats, groups: Whole) -> Floats:
    """What a model that was fitted without a row's fold says of it. Rows of a group are in one fold."""
    found = np.zeros_like(targets)
    for fold in range(FOLDS):
        inside = groups % FOLDS == fold
        if inside.any() and not inside.all():
            weights, bases = fit(rows[np.flatnonzero(~inside)], targets[~inside])
            found[inside] = rows[np.flatnonzero(inside)] @ weights + bases
    return found
