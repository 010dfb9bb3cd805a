"""What one would be told without a model: a metric means something beside that only."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tasks.estimators.outcomes import Floats, Outcomes
from tasks.tables.columns import Schema
from tasks.tables.schema import class_indices, numbers


def baseline(rows: Outcomes, target: Any, schema: Schema, *, weights: Floats | None = None) -> Outcomes:
    """The same rows, predicted by the `target` (an Arrow column) of other rows alone: for amounts its mean, or what is
    predicted of its quantiles, by which no rows of a query are in order; for classes the share of each and the most
    frequent one."""
    if not schema.classes:
        values = numbers(target)
        if rows.quantile is None:
            return replace(rows, given=np.full(len(rows), np.average(values, weights=weights)))
        levels = np.atleast_1d(rows.quantile)
        found = np.quantile(values, levels, weights=weights, method="inverted_cdf")
        guesses = np.tile(found, (len(rows), 1))
        nearest = int(np.abs(levels - 0.5).argmin())
        return replace(rows, given=guesses[:, nearest], quantiles=None if rows.quantiles is None else guesses)
    codes = class_indices(target, schema)
    share = np.bincount(codes[codes >= 0], None if weights is None else weights[codes >= 0], len(schema.classes))
    chances = np.tile(share / share.sum(), (len(rows), 1))
    return replace(rows, given=np.full(len(rows), int(share.argmax())), chances=chances)
