"""Targets that an objective cannot have. LightGBM looks at some of them, after all else is done."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tasks.errors import InvalidParams
from tasks.estimators.base import Dataset
from tasks.tables.checks import json_pointer
from tasks.tables.schema import numbers

#: The objectives whose logarithm is fitted, and whether a target may be 0.
_POSITIVE: Final = {"poisson": True, "tweedie": True, "gamma": False}


def check_target(objective: Any, dataset: Dataset) -> None:
    """Raise InvalidParams, which says how many rows are at fault, for amounts of which the objective has no
    likelihood."""
    if objective not in _POSITIVE:
        return
    parts = [part for part in (dataset.train, dataset.holdout, dataset.test) if part is not None]
    values = np.concatenate([numbers(part.column(dataset.schema.target)) for part in parts])
    zero = _POSITIVE[objective]
    wrong = values < 0 if zero else values <= 0
    if wrong.any():
        bound = "of 0 or more" if zero else "above 0"
        raise _fault(
            f"objective {objective!r} needs a target {bound}; {wrong.sum():,} of {len(values):,} rows have"
            f" {'less' if zero else '0 or less'}, the least {values.min():g}"
        )
    if not numbers(dataset.train.column(dataset.schema.target)).any():
        raise _fault(f"objective {objective!r} needs a target that is not 0 in every row")


def _fault(reason: str) -> InvalidParams:
    return InvalidParams(f"{reason}: use another objective, such as 'regression'").at(
        json_pointer("params", "objective")
    )
