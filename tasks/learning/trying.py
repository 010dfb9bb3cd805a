"""How good params are: what trials of a search are judged by, which is never the rows that measure a version."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa

from tasks.errors import EstimatorFailed, InvalidField
from tasks.estimators.base import Dataset, Estimator, Metrics
from tasks.estimators.metrics import figures, main_metric
from tasks.learning.cross_validation import folds_of
from tasks.learning.measuring import choose, grade, outcomes_on
from tasks.registry.curve import HOLDOUT
from tasks.registry.searched import Trial
from tasks.tables.folds import FOLDS

#: Tables with no more rows and values than this are judged by cross-validation: what is best on few validation rows,
#: which stop the fits as well, is so by chance. With those 8,630 of ggplot2's diamonds the RMSE in five folds went from
#: 537 to 542, by four folds of a minute to 535.
CROSSED_ROWS: Final = 100_000
CROSSED_VALUES: Final = 3_000_000
#: The pruner sees the learning curve so often, in iterations, and not before the first ones: a low learning rate begins
#: slowly.
SEEN_EACH: Final = 10
SEEN_FROM: Final = 50
#: Folds are as many as let a search make so many trials of full length, each as long as the first one, but not fewer
#: than this. What is pruned makes room for what takes longer.
WANTED_TRIALS: Final = 30
FEWEST_FOLDS: Final = 2


class Trier:
    """Judges params on one dataset: a model of each fold, or one of all rows where there are many.

    `base`: the params of the request, which a trial's are added to. `pulse` is called again and again meanwhile, with
    how many iterations there may be, and may raise; `allow` with each model, and may refuse it.
    """

    def __init__(
        self,
        estimator: Estimator[Any],
        dataset: Dataset,
        base: Mapping[str, Any],
        *,
        pulse: Callable[[], None],
        allow: Callable[[Any], None],
        seconds: float | None,
        first: Trial | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds`: how long the search may take; where folds take long they are fewer. `first`: the first trial, if
        an earlier process has made it. Raises InvalidField for a table that has no rows to judge by."""
        self._estimator, self._dataset, self._base = estimator, dataset, base
        self._pulse, self._allow = pulse, allow
        self._seconds, self._clock = seconds, clock
        self.metric = first.metric if first else ""
        # Without test rows those of the holdout measure.
        parts = (dataset.train, dataset.holdout) if dataset.test is not None else (dataset.train,)
        learned = pa.concat_tables(parts)
        rows = learned.num_rows
        few = rows <= CROSSED_ROWS and rows * len(dataset.schema.columns) <= CROSSED_VALUES
        crossed = estimator.repeats and few
        self._parts = list(folds_of(dataset, learned)) if crossed and rows else []
        if first and self._parts:
            self._parts = self._parts[: first.folds]
        if not self._parts and not dataset.holdout.num_rows:
            raise InvalidField("search: the table has too few rows to tell params apart: train without search").at(
                "/search"
            )

    @property
    def judged_by(self) -> Literal["cross_validation", "validation"]:
        """By which rows."""
        return "cross_validation" if self._parts else "validation"

    @property
    def folds(self) -> int:
        """How many folds judge; 0: the validation rows do. Final when the first trial has ended."""
        return len(self._parts)

    @property
    def grows(self) -> bool:
        """Whether more of the metric is better."""
        return self._estimator.grows(self.metric)

    def __call__(self, params: Mapping[str, Any], *, report: Callable[[int, float], None]) -> float:
        """As `Judge` says."""
        asked = {**self._base, **params}
        self._estimator.check(asked)
        # The params as they are were allowed, and may be a little slower this time.
        allow = self._allow if params else _any_model
        judge = self._crossed if self._parts else self._on_validation
        return judge(asked, report, allow)

    def _crossed(
        self, params: Mapping[str, Any], report: Callable[[int, float], None], allow: Callable[[Any], None]
    ) -> float:
        quantile, found, start = self._estimator.quantile(params), list[dict[str, float]](), self._clock()
        # May become fewer meanwhile.
        while len(found) < len(self._parts):
            part = self._parts[len(found)]
            model = self._estimator.fit(part, params, lambda _iteration, _total, _metrics: self._pulse())
            allow(model)
            found.append(figures(grade(self._estimator, model, part, quantile=quantile).outcomes))
            if self.metric:
                report(len(found), self._loss(self._mean(found)))
            elif len(found) == 1:
                self._parts = self._parts[: self._affordable(self._clock() - start)]
        return self._mean(found)

    def _affordable(self, fold_seconds: float) -> int:
        """How many folds there is the time for."""
        if self._seconds is None:
            return FOLDS
        return max(FEWEST_FOLDS, int(self._seconds / (WANTED_TRIALS * max(fold_seconds, 1e-9))))

    def _on_validation(
        self, params: Mapping[str, Any], report: Callable[[int, float], None], allow: Callable[[Any], None]
    ) -> float:
        estimator, dataset = self._estimator, self._dataset
        quantile = estimator.quantile(params)

        def watch(iteration: int, _total: int, metrics: Metrics) -> None:
            self._pulse()
            values = metrics.get(HOLDOUT) or {}
            if values and iteration >= SEEN_FROM and iteration % SEEN_EACH == 0:
                name, value = next(iter(values.items()))
                report(iteration, -value if estimator.grows(name) else value)

        model = estimator.fit(dataset, params, watch)
        allow(model)
        decision = choose(estimator, model, dataset, quantile=quantile)
        outcomes = outcomes_on(
            dataset.holdout, estimator, model, dataset.schema,
            decision=decision, weights=dataset.weights("holdout"), quantile=quantile,
        )  # fmt: skip
        return self._mean([figures(outcomes)])

    def _mean(self, found: list[dict[str, float]]) -> float:
        if not self.metric:
            self.metric = self._chosen(found)
        if not all(self.metric in one for one in found):
            raise EstimatorFailed(f"{self.metric}, which judges trials, is not told of models of these params")
        value = float(np.mean([one[self.metric] for one in found]))
        if not math.isfinite(value):
            raise EstimatorFailed(f"{self.metric} is not finite: the estimator predicts NaN or infinity")
        return value

    def _chosen(self, found: list[dict[str, float]]) -> str:
        """The metric that decides on promotion; of a quantile its own, unless another was chosen."""
        chosen = self._dataset.choices.metric
        if not chosen and all("pinball" in one for one in found):
            return "pinball"
        return main_metric(self._dataset.schema.problem, chosen, *found)[0]

    def _loss(self, value: float) -> float:
        return -value if self.grows else value


def _any_model(_model: Any) -> None:
    """Nothing is said against it."""
