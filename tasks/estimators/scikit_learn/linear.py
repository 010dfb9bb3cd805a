"""What each column adds to the score of a linear model: its numbers by their coefficients."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.scikit_learn.library import load_module
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.estimators.scikit_learn.origins import Floats, inner, origins

_UNABLE: Final = "explain cannot be used: only linear models of scikit-learn can tell what each column adds"


def explanation(model: ScikitModel, matrix: Any) -> pa.Table:
    """As `Estimator.explain` says, of what the last step sees. Base is the intercept; raw is the score: of a regression
    the prediction (of PoissonRegressor and the like its logarithm), of classes what becomes the probability.

    Raises InvalidField if the last step is not linear, or another one mixes columns.
    """
    final, places = inner(model.final), origins(model.pipeline)
    names, several = model.schema.names, model.schema.problem == "multiclass"
    coefficients, bases = _linear(final, len(model.schema.classes) if several else 1)
    if places is None or len(places) != coefficients.shape[1]:
        raise InvalidField(f"{_UNABLE}, where no step mixes columns").at("?explain")
    columns: dict[str, Any] = {}
    for index, (row, base) in enumerate(zip(coefficients, bases, strict=True)):
        mark = f"_{index}" if several else ""
        added = _summed(matrix, row, places, len(names))
        columns[f"raw{mark}"] = base + added.sum(axis=1)
        columns[f"base{mark}"] = np.full(len(added), base)
        columns |= {f"contribution{mark}_{name}": np.ascontiguousarray(added[:, i]) for i, name in enumerate(names)}
    return pa.table(columns)


def _linear(final: Any, classes: int) -> tuple[Floats, Floats]:
    """(a row of coefficients for each score, its intercept)."""
    linear = load_module("sklearn.linear_model._base")
    glm = load_module("sklearn.linear_model._glm.glm")._GeneralizedLinearRegressor
    if not isinstance(final, linear.LinearModel | linear.LinearClassifierMixin | glm):
        raise InvalidField(f"{_UNABLE}, and {type(final).__name__} is none").at("?explain")
    coefficients = np.atleast_2d(np.asarray(final.coef_, dtype=np.float64))
    bases = np.broadcast_to(np.asarray(final.intercept_, dtype=np.float64).ravel(), len(coefficients))
    if len(coefficients) != classes:
        raise InvalidField(f"{_UNABLE}; this one has not learned all classes").at("?explain")
    return coefficients, bases


def _summed(matrix: Any, row: Floats, places: Any, width: int) -> Floats:
    """What the numbers of each column add, row by row."""
    from scipy import sparse

    added = sparse.csr_matrix((row, (np.arange(len(row)), places)), shape=(len(row), width))
    found = matrix @ added
    return np.asarray(found.toarray() if sparse.issparse(found) else found, dtype=np.float64)
