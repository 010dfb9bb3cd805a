"""What a fitted pipeline says of rows, some at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.outcomes import Floats
from tasks.estimators.scikit_learn.frame import Frame
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.tables.schema import target_type

#: Most numbers that are made of rows at a time, where all are written down (80 MB).
MOST_NUMBERS: Final = 10_000_000


def seen(model: ScikitModel, table: pa.Table) -> Iterator[Any]:
    """What the last step sees of the rows, in order, some rows at a time."""
    width = sum(part.stop - part.start for part in model.columns.output_indices_.values())
    size = max(1, MOST_NUMBERS // max(1, width))
    for start in range(0, table.num_rows, size):
        matrix: Any = Frame(table.slice(start, size), model.schema)
        for _, step in model.pipeline.steps[:-1]:
            matrix = step.transform(matrix)
        yield matrix


def predictions(model: ScikitModel, table: pa.Table) -> pa.Table:
    """As `Estimator.predict` says."""
    schema, final = model.schema, model.final
    if not schema.classes:
        found = [np.asarray(final.predict(matrix), dtype=np.float64).reshape(-1) for matrix in seen(model, table)]
        return pa.table({"prediction": np.concatenate(found) if found else np.empty(0)})
    chances = np.zeros((table.num_rows, len(schema.classes)))
    start = 0
    for matrix in seen(model, table):
        some: Floats = final.predict_proba(matrix)
        # A class that training had no row of stays at 0.
        chances[start : start + len(some), final.classes_] = some
        start += len(some)
    prediction = pa.array(schema.classes, target_type(schema)).take(pa.array(chances.argmax(axis=1)))
    each = {f"probability_{index}": np.ascontiguousarray(chances[:, index]) for index in range(chances.shape[1])}
    return pa.table({"prediction": prediction, **each})
