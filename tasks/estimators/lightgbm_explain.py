"""What each column adds to a prediction of LightGBM.

The raw prediction is the sum over the trees (their mean for `boosting=rf`). For regression it is the prediction itself,
for the objectives poisson, gamma and tweedie its natural logarithm, with `reg_sqrt` its signed square root.
For binary it is the log-odds of the second class, divided by `sigmoid` if that param is set. For multiclass the chances
are the softmax of the raw values of all classes; for one-against-all each class has log-odds of its own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.tables.columns import Schema


def explanation(booster: Any, matrix: npt.NDArray[np.float64], schema: Schema, *, threads: int) -> pa.Table:
    """What `Estimator.explain` promises, for a matrix of one row a row. Raises InvalidField for linear trees."""
    try:
        found = booster.predict(matrix, pred_contrib=True, num_threads=threads)
    except load_lightgbm().basic.LightGBMError as error:
        raise InvalidField(f"explain cannot be used with this version: {error}").at("?explain") from error
    raw = booster.predict(matrix, raw_score=True, num_threads=threads).reshape(len(matrix), -1)
    if booster.params.get("boosting") == "rf":
        # A forest gives the sum of its trees for both of these (findings/lightgbm-forest-sums.sh).
        trees = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
        found, raw = found / trees, raw / trees
    # One block a class: each column's contribution, then the base value.
    parts = found.reshape(len(matrix), raw.shape[1], len(schema.columns) + 1)
    columns: dict[str, Any] = {}
    for index in range(raw.shape[1]):
        mark = f"_{index}" if schema.problem == "multiclass" else ""
        block = np.ascontiguousarray(parts[:, index].T)
        columns[f"raw{mark}"] = np.ascontiguousarray(raw[:, index])
        columns[f"base{mark}"] = block[-1]
        columns |= {f"contribution{mark}_{name}": block[place] for place, name in enumerate(schema.names)}
    return pa.table(columns)
