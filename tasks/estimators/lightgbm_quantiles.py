"""Several quantiles at once: a fit for each, whose answers are sorted, so that a higher one is never below."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.estimators.base import Progress
from tasks.estimators.lightgbm_fitting import Data, Rounds
from tasks.estimators.lightgbm_predictions import prediction_table
from tasks.estimators.outcomes import quantile_name
from tasks.tables.batch import Numbers
from tasks.tables.columns import Schema


def middle(levels: Sequence[float]) -> float:
    """The quantile that is the prediction: that nearest to the median, the lower of two."""
    return min(levels, key=lambda level: (abs(level - 0.5), level))


def boost_each(
    made: Callable[[], Data],
    params: Mapping[str, Any],
    rounds: Rounds,
    levels: Sequence[float],
    *,
    progress: Progress,
    starts: Mapping[float, Any],
    boost: Callable[..., Any],
) -> dict[float, Any]:
    """A booster for each quantile, the middle one first: its metrics are told, of the others only that they go on.

    Raises what `boost` raises, which is `boosted` or takes what that takes. `made`: makes the data. `starts`: boosters
    to go on from.
    """
    found: dict[float, Any] = {}
    done, data = 0, made()
    for place, level in enumerate(sorted(levels, key=lambda one: one != middle(levels))):
        most = done + rounds.total * (len(levels) - place)
        before = done

        def told(iteration: int, _total: int, metrics: Any, before: int = before, most: int = most) -> None:
            nonlocal done
            done = before + iteration
            progress(done, most, metrics)

        if place and starts:
            # What a booster says of the rows is kept with them.
            data = made()
        found[level] = boost(
            data, {**params, "alpha": level}, rounds, progress=told, start=starts.get(level), measured=not place
        )
    return {level: found[level] for level in levels}


def answer_table(found: Sequence[Any], schema: Schema, levels: Sequence[float]) -> pa.Table:
    """What the boosters say, each of its quantile if there are several levels, as `Estimator.predict` promises."""
    return quantile_table(found, levels) if levels else prediction_table(found[0], schema)


def answer_numbers(found: Sequence[Any], schema: Schema, levels: Sequence[float]) -> pa.Table | Numbers:
    """The same as `Estimator.predict_numbers` promises."""
    if levels or schema.classes:
        return answer_table(found, schema, levels)
    alone: Numbers = found[0]
    return alone


def quantile_table(found: Sequence[Any], levels: Sequence[float]) -> pa.Table:
    """The predictions of rows: `prediction`, and a column for each quantile, sorted in each row. `found`: what the
    booster of each level says.

    Source: Chernozhukov, Fernandez-Val and Galichon, Quantile and Probability Curves Without Crossing, Econometrica 78
    (2010), 1093-1125: sorted quantiles are nearer to the true ones.
    """
    ordered = np.sort(found, axis=0)
    columns = {quantile_name(level): ordered[place] for place, level in enumerate(levels)}
    return pa.table({"prediction": ordered[levels.index(middle(levels))], **columns})
