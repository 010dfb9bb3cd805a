"""What rows of a class count in a fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tasks.tables.choices import class_name
from tasks.tables.columns import Schema
from tasks.tables.schema import class_indices


def class_weights(target: Any, schema: Schema, wanted: Mapping[str, float] | str) -> npt.NDArray[np.float64]:
    """The weight of each class: what is wanted, 1 where nothing is; for `balanced` that which gives all classes of the
    `target` (an Arrow column) as much in sum, and 1 on average over the rows."""
    if isinstance(wanted, Mapping):
        return np.array([wanted.get(class_name(value), 1.0) for value in schema.classes])
    counts = np.bincount(class_indices(target, schema), minlength=len(schema.classes))
    return np.asarray(counts.sum() / (np.count_nonzero(counts) * np.maximum(counts, 1)))
