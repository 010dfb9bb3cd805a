"""Which column of the table each number that the last step sees comes of, and how much it counts."""

from __future__ import annotations

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.estimators.scikit_learn.library import load_module

Places = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: What scikit-learn calls numbers that come of the column called c<place>: a column's own, one of its categories or
#: bins, or whether it was missing.
_NAME: Final = re.compile(r"(?:missingindicator_)?c(\d+)(?:_.*)?", re.DOTALL)


def origins(pipeline: Any) -> Places | None:
    """For each number that the last step of a fitted pipeline sees, the place of its column; None if a step mixes
    columns."""
    found = _of_columns(pipeline.steps[0][1])
    base, selecting = load_module("sklearn.base"), load_module("sklearn.feature_selection")
    for _, step in pipeline.steps[1:-1]:
        if found is None:
            return None
        if isinstance(step, selecting.SelectorMixin):
            found = found[step.get_support(indices=True)]
        elif not isinstance(step, base.OneToOneFeatureMixin) and step != "passthrough":
            return None
    return found


def weights_of(final: Any) -> Floats | None:
    """The coefficients of the last step, a row for each class; or its importances as one row; None without either."""
    final = inner(final)
    coefficients = getattr(final, "coef_", None)
    if coefficients is not None and not hasattr(coefficients, "tocsr"):
        return np.atleast_2d(np.asarray(coefficients, dtype=np.float64))
    importances = getattr(final, "feature_importances_", None)
    return None if importances is None else np.atleast_2d(np.asarray(importances, dtype=np.float64))


def inner(final: Any) -> Any:
    """What a calibrated classifier calibrates, and what learns a transformed target."""
    calibrated = getattr(final, "calibrated_classifiers_", None)
    if calibrated is not None and len(calibrated) == 1:
        return calibrated[0].estimator
    return getattr(final, "regressor_", final)


def importance(pipeline: Any, matrix: Any, names: list[str]) -> dict[str, float]:
    """How much each column counts: the importances of its numbers, or their coefficients by how far they spread in
    `matrix` (what the last step learned from), in sum. Empty if that cannot be told."""
    places, weights = origins(pipeline), weights_of(pipeline.steps[-1][1])
    if places is None or weights is None or weights.shape[1] != len(places):
        return {}
    each = np.abs(weights).mean(axis=0)
    if hasattr(inner(pipeline.steps[-1][1]), "coef_"):
        each = each * _spread(matrix)
    sums = np.bincount(places, each, len(names))
    return dict(zip(names, sums.tolist(), strict=True))


def _of_columns(transformer: Any) -> Places | None:
    found = np.zeros(sum(part.stop - part.start for part in transformer.output_indices_.values()), np.int64)
    for name, step, columns in transformer.transformers_:
        part = transformer.output_indices_[name]
        if isinstance(columns, int) or len(columns) == 1:
            found[part] = columns if isinstance(columns, int) else columns[0]
            continue
        try:
            names = step.get_feature_names_out([f"c{place}" for place in columns])
        except (AttributeError, ValueError):
            # Not every step tells them, and a pipeline finds out when it is asked.
            return None
        matches = [_NAME.fullmatch(one) for one in names]
        if len(matches) != part.stop - part.start or not all(matches):
            return None
        found[part] = [int(match[1]) for match in matches if match]
    return found


def _spread(matrix: Any) -> Floats:
    """The standard deviation of each column."""
    if not hasattr(matrix, "tocsr"):
        return np.asarray(np.asarray(matrix, dtype=np.float64).std(axis=0))
    mean = np.asarray(matrix.mean(axis=0)).ravel()
    squares = np.asarray(matrix.multiply(matrix).mean(axis=0)).ravel()
    return np.asarray(np.sqrt(np.maximum(squares - mean**2, 0)))
