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


def fit(rows: Any, targets: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """(coefficients, bases) for each column of `targets`: `rows @ coefficients + bases` is near to it, nearest where a
    row weighs most; the weights are 1 on average.

    Source: Paige and Saunders, LSQR, ACM Transactions on Mathematical Software 8 (1982), 43-71.
    """
    from scipy import sparse
    from scipy.sparse.linalg import lsqr

    bases = np.average(targets, axis=0, weights=weights)
    scale = np.sqrt(weights)
    scaled, wanted = sparse.diags_array(scale).tocsr() @ rows, (targets - bases) * scale[:, None]
    how = {"damp": PENALTY**0.5, "iter_lim": STEPS, "atol": TOLERANCE, "btol": TOLERANCE}
    return np.column_stack([lsqr(scaled, column, **how)[0] for column in wanted.T]), bases


def out_of_fold(rows: Any, targets: Floats, weights: Floats, *, groups: Whole) -> Floats:
    """What a model that was fitted without a row's fold says of it. Rows of a group are in one fold."""
    found = np.zeros_like(targets)
    for fold in range(FOLDS):
        inside = groups % FOLDS == fold
        if inside.any() and weights[~inside].any():
            coefficients, bases = fit(rows[np.flatnonzero(~inside)], targets[~inside], weights[~inside])
            found[inside] = rows[np.flatnonzero(inside)] @ coefficients + bases
    return found
