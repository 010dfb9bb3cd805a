"""How good a model is on rows that it has not learned from."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.errors import EstimatorFailed
from tasks.estimators import asking
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.baselines import baseline
from tasks.estimators.metrics import figures
from tasks.estimators.outcomes import Floats, Outcomes, Quantile
from tasks.learning.deciding import decided, decision_of
from tasks.registry.measured import Decision
from tasks.tables.columns import Schema
from tasks.tables.group_split import group_hashes
from tasks.tables.schema import conform, missing_anywhere


@dataclass(frozen=True)
class Graded:
    """A model, what it decides by, and its outcomes on the rows that measure, beside those of a guess."""

    decision: Decision
    outcomes: Outcomes
    guessed: Outcomes

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics of the outcomes. Raises EstimatorFailed for one that is not finite."""
        return checked(figures(self.outcomes))


def grade(estimator: Estimator[Any], model: Any, dataset: Dataset, *, quantile: Quantile = None) -> Graded:
    """What a model of `dataset.train` decides by is chosen on its validation rows, and it is measured on its test rows.

    Raises EstimatorFailed, InvalidRows.
    """
    schema = dataset.schema
    decision = choose(estimator, model, dataset, quantile=quantile)
    outcomes = outcomes_on(
        dataset.tested, estimator, model, schema,
        decision=decision, weights=dataset.weights("tested"), quantile=quantile,
    )  # fmt: skip
    return Graded(decision, outcomes, _guessed(outcomes, dataset))


def _guessed(outcomes: Outcomes, dataset: Dataset) -> Outcomes:
    schema, time = dataset.schema, dataset.schema.beside_of("time")
    if dataset.choices.split == "time" and time and not schema.classes and dataset.holdout.num_rows:
        # Those to stop by come after those to learn from, and before those that measure.
        latest = pc.sort_indices(dataset.holdout.column(time))[-1:]
        return baseline(outcomes, dataset.holdout.column(schema.target).take(latest), schema)
    return baseline(outcomes, dataset.train.column(schema.target), schema, weights=dataset.weights("train"))


def choose(estimator: Estimator[Any], model: Any, dataset: Dataset, *, quantile: Quantile = None) -> Decision:
    """What a model decides by, by its predictions of the validation rows."""
    if not dataset.holdout.num_rows:
        return Decision()
    rows = outcomes_on(
        dataset.holdout, estimator, model, dataset.schema,
        weights=dataset.weights("holdout"), quantile=quantile, told=estimator.told(model, dataset.holdout),
    )  # fmt: skip
    return decision_of(rows, dataset.choices)


def outcomes_on(
    rows: pa.Table,
    estimator: Estimator[Any],
    model: Any,
    schema: Schema,
    *,
    decision: Decision | None = None,
    weights: Floats | None = None,
    quantile: Quantile = None,
    told: pa.Table | None = None,
) -> Outcomes:
    """The predictions of rows that have the columns of the model's schema, the target among them, and perhaps more.

    `told`: those of the model itself, if they are known. Raises InvalidRows for rows that the model cannot take.
    """
    predictions = told
    if predictions is None:
        features = conform(rows.select(schema.names), missing_anywhere(schema))
        predictions = asking.predictions(estimator, model, features, schema)
    if decision is not None:
        predictions = decided(predictions, decision, schema)
    truth = rows.column(schema.target)
    queries = group_hashes(rows.column(schema.beside_of("query"))) if schema.problem == "ranking" else None
    found = Outcomes.of(
        schema.problem, truth, predictions, schema.classes, weights=weights, quantile=quantile, queries=queries
    )
    return replace(found, own=estimator.own_metrics)


def checked(metrics: dict[str, float]) -> dict[str, float]:
    """The metrics. Raises EstimatorFailed for one that is not finite."""
    wrong = [name for name, value in metrics.items() if not math.isfinite(value)]
    if wrong:
        # JSON has no such numbers: a version that held one could not be read, nor its model.
        raise EstimatorFailed(f"{wrong[0]} on the holdout is not finite: the estimator predicts NaN or infinity there")
    return metrics
