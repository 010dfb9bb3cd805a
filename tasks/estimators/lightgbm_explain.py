"""What each column adds to a prediction of LightGBM.

The raw prediction is the sum over the trees (their mean for `boosting=rf`). For regression it is the prediction itself,
for the objectives poisson, gamma and tweedie its natural logarithm, with `reg_sqrt` its signed square root.
For binary it is the log-odds of the second class, divided by `sigmoid` if that param is set. For multiclass the chances
are the softmax of the raw values of all classes; for one-against-all each class has log-odds of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.lightgbm_by_feature import summed
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.tables.columns import Schema

#: Tables with fewer rows are explained by one thread; starting more costs more than it saves.
ROWS_FOR_THREADS: Final = 16
#: Most values that are explained at a time where there are more features than columns: 32 MB, and as much again for
#: what each of them adds to each class.
MOST_VALUES: Final = 4_000_000

Floats = npt.NDArray[np.float64]


def explanation(booster: Any, matrix: Any, schema: Schema, *, widths: list[int], threads: int) -> pa.Table:
    """What `Estimator.explain` promises, for a matrix of one row a row; `widths`: how many of its columns are one of
    the schema's. Raises InvalidField for linear trees."""
    threads = threads if matrix.shape[0] >= ROWS_FOR_THREADS else 1
    several = len(schema.classes) if schema.problem == "multiclass" else 1
    parts, raws = [], []
    for rows in _pieces(matrix, several):
        added = _asked(booster, rows, pred_contrib=True, num_threads=threads)
        raws.append(booster.predict(rows, raw_score=True, num_threads=threads).reshape(len(rows), -1))
        # One block a class: each feature's contribution, then the base value.
        parts.append(summed(added.reshape(len(rows), raws[-1].shape[1], -1), [*widths, 1]))
    found, raw = (each[0] if len(each) == 1 else np.concatenate(each) for each in (parts, raws))
    if booster.params.get("boosting") == "rf":
        # A forest gives the sum of its trees for both of these (findings/lightgbm-forest-sums.sh).
        trees = booster.best_iteration if booster.best_iteration > 0 else booster.current_iteration()
        found, raw = found / trees, raw / trees
    columns: dict[str, Any] = {}
    for index in range(raw.shape[1]):
        mark = f"_{index}" if schema.problem == "multiclass" else ""
        block = np.ascontiguousarray(found[:, index].T)
        columns[f"raw{mark}"] = np.ascontiguousarray(raw[:, index])
        columns[f"base{mark}"] = block[-1]
        columns |= {f"contribution{mark}_{name}": block[place] for place, name in enumerate(schema.names)}
    return pa.table(columns)


def _pieces(matrix: Any, several: int) -> Iterator[Floats]:
    """The rows, so many at a time that little memory is used; as they are where they are no sparse matrix."""
    if isinstance(matrix, np.ndarray):
        yield matrix
        return
    step = max(1, MOST_VALUES // (matrix.shape[1] * several))
    for start in range(0, matrix.shape[0], step):
        yield matrix[start : start + step].toarray()


def _asked(booster: Any, rows: Floats, **how: Any) -> Floats:
    try:
        found: Floats = booster.predict(rows, **how)
    except load_lightgbm().basic.LightGBMError as error:
        raise InvalidField(f"explain cannot be used with this version: {error}").at("?explain") from error
    return found
