"""From outcomes to what is said of a version: metrics, baseline, intervals, and what is found in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from tasks.estimators.base import Dataset
from tasks.estimators.metrics import figures, main_metric
from tasks.estimators.uncertainty import intervals
from tasks.formatting import plain
from tasks.learning.cross_validation import pooled, spread
from tasks.learning.fits import Fitted
from tasks.learning.measuring import Graded, checked
from tasks.learning.train_findings import constant_model
from tasks.registry.measured import Measured, MeasuredBy
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding


@dataclass(frozen=True)
class Judgement:
    """What is said of a version."""

    metrics: dict[str, float]
    measured: Measured
    findings: list[Finding]


#: What is said of a model that was made without rows.
UNMEASURED: Final = Judgement(
    {}, Measured(), [finding("not_measured", "the model was made without rows, so nothing is measured of it")]
)


def judgement(fitted: Fitted, graded: Graded, dataset: Dataset) -> Judgement:
    """What is said of models that were graded on the dataset's test rows, and by its folds if there are any.

    Raises EstimatorFailed for metrics that are not finite.
    """
    told = pooled(fitted.folds) if fitted.folds else graded
    metrics, guessed = checked(figures(told.outcomes)), figures(told.guessed)
    main, more = main_metric(dataset.schema.problem, dataset.choices.metric, metrics, own=told.outcomes.own)
    mean, deviation = spread(fitted.folds) if fitted.folds else ({}, {})
    by: MeasuredBy = "cross_validation" if fitted.folds else "holdout" if dataset.test is None else "test"
    measured = Measured(
        by=by,
        rows=len(told.outcomes),
        folds=len(fitted.folds),
        metric=main,
        baseline={name: value for name, value in guessed.items() if name in metrics and np.isfinite(value)},
        intervals=intervals(told.outcomes, metrics),
        mean=mean,
        spread=deviation,
        test=checked(figures(graded.outcomes)) if fitted.folds else {},
        fitted_on="train and test" if fitted.two else "train",
    )
    found = [
        *constant_model(graded.outcomes),
        *_beside_baseline(metrics, measured, more=more),
        *_by_holdout(dataset),
    ]
    return Judgement(metrics, measured, found)


def _beside_baseline(metrics: dict[str, float], measured: Measured, *, more: bool) -> list[Finding]:
    name = measured.metric
    value, guess = metrics.get(name), measured.baseline.get(name)
    if value is None or guess is None:
        return []
    low, high = measured.intervals.get(name, (value, value))
    said = f"{name} is {plain(value)} ({plain(low)} to {plain(high)}), that of a guess without a model {plain(guess)}"
    if value <= guess if more else value >= guess:
        return [finding("below_baseline", said, count=measured.rows)]
    if low <= guess <= high:
        return [finding("near_baseline", said, count=measured.rows)]
    return []


def _by_holdout(dataset: Dataset) -> list[Finding]:
    if dataset.test is not None or not dataset.holdout.num_rows:
        return []
    rows = dataset.holdout.num_rows
    return [finding("measured_on_validation", f"the {rows:,} rows that measure stopped the fit, too", count=rows)]
