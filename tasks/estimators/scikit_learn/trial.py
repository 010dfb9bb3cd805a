"""Whether a model with classes that an operator added can be stored, found out on a few rows before the fit.

Of scikit-learn's own classes it is known (`allowed`, `trusted`).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.errors import EstimatorFailed, InvalidParams
from tasks.estimators.base import Dataset
from tasks.estimators.scikit_learn import fitting, storing
from tasks.estimators.scikit_learn.library import load_module
from tasks.estimators.scikit_learn.steps import ESTIMATOR, Asked
from tasks.tables.checks import json_pointer

#: Rows of the trial. Tables that are not larger are fitted at once.
ROWS: Final = 300


def check_storable(dataset: Dataset, asked: Asked, more: Collection[str], *, memory_bytes: int) -> None:
    """Raise InvalidParams if a model of a few of the rows cannot be stored. A trial that cannot be fitted says
    nothing."""
    if dataset.train.num_rows <= ROWS or not any(map(_is_added, _objects(asked))):
        return
    places = np.linspace(0, dataset.train.num_rows - 1, ROWS).astype(np.int64)
    few = replace(dataset, train=dataset.train.take(pa.array(places)))
    clone = load_module("sklearn.base").clone
    copied = Asked(
        [(name, clone(step)) for name, step in asked.steps],
        {kind: step if isinstance(step, str) else clone(step) for kind, step in asked.kinds.items()},
    )
    try:
        model = fitting.fit(few, copied, lambda *_: None, memory_bytes=memory_bytes)
    except InvalidParams:
        return
    try:
        storing.load(storing.dump(model, more), more)
    except EstimatorFailed as error:
        raise InvalidParams(f"a model of these steps could not be kept: {error}").at(
            json_pointer("params", ESTIMATOR)
        ) from error


def _objects(asked: Asked) -> list[Any]:
    steps = [step for _, step in asked.steps] + [step for step in asked.kinds.values() if not isinstance(step, str)]
    return [one for step in steps for one in (step, *step.get_params(deep=True).values())]


def _is_added(value: Any) -> bool:
    return hasattr(value, "get_params") and not type(value).__module__.startswith("sklearn.")
