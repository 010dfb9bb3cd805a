"""What a train has to say of its data and its model beside the figures."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.estimators.base import Dataset, Estimator
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding

#: So many rows that were learned from show whether a model tells rows apart.
_ROWS: Final = 1000


def constant_model(estimator: Estimator[Any], artefact: Any, dataset: Dataset) -> list[Finding]:
    """A finding if the model answers the same whatever it is asked."""
    rows = dataset.train.num_rows
    chosen = np.unique(np.linspace(0, rows - 1, min(rows, _ROWS)).astype(np.int64))
    part = dataset.train.select(dataset.schema.names).take(pa.array(chosen))
    answers = estimator.predict(artefact, part)
    said = [name for name in answers.column_names if name.startswith("probability_")] or ["prediction"]
    if any(pc.count_distinct(answers.column(name), mode="all").as_py() > 1 for name in said):
        return []
    count = len(chosen)
    return [finding("constant_model", f"the model gives {count} different rows the same answer", count=count)]
