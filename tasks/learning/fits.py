"""The fits of a train: the model that is measured, the one that is served, and those of cross-validation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.learning.cross_validation import cross_validated
from tasks.learning.measuring import Graded
from tasks.learning.recording import Recorder
from tasks.tables.folds import FEW_ROWS


@dataclass(frozen=True)
class Fitted:
    """Two models, which are the same one unless the table has few rows; then there are folds, too."""

    served: Any
    measured: Any
    folds: list[Graded]
    #: How long the fit of the served one took.
    seconds: float

    @property
    def two(self) -> bool:
        """Whether they are two."""
        return self.served is not self.measured


def fit_models(
    estimator: Estimator[Any],
    dataset: Dataset,
    params: Mapping[str, Any],
    *,
    recorder: Recorder,
    searched: bool = False,
) -> Fitted:
    """Fit what is measured and what is served. What is recorded is the fit of what is served.

    Of tables of few rows, and where folds were asked for, the served model learns from the test rows, too, after others
    that have not seen them were measured: by folds, but for params that were `searched` on most of their rows. Raises
    what the estimator and the recorder raise.
    """
    folds: list[Graded] = []
    measured, learned = None, dataset
    few = dataset.rows < FEW_ROWS or dataset.choices.crossed
    if dataset.test is not None and few and estimator.repeats and dataset.choices.folds:
        quiet = unrecorded(recorder)
        quantile = estimator.quantile(params)
        if not searched:
            folds = cross_validated(estimator, dataset, params, progress=quiet, quantile=quantile)
        measured, learned = estimator.fit(dataset, params, quiet), dataset.with_test()
    start = time.perf_counter()
    served = estimator.fit(learned, params, recorder)
    recorder.end()
    return Fitted(served, served if measured is None else measured, folds, time.perf_counter() - start)


def unrecorded(recorder: Recorder) -> Progress:
    """A progress callback of a fit that is not shown, and is stopped like one that is."""
    return lambda _iteration, total, _metrics: recorder.pulse(total)
