"""How good a model is on rows that were held out."""

from __future__ import annotations

import math
from typing import Any

import msgspec
import pyarrow as pa

from tasks.errors import EstimatorFailed
from tasks.estimators.base import Estimator
from tasks.estimators.metrics import measure
from tasks.tables.columns import Schema
from tasks.tables.schema import conform


def measure_on(holdout: pa.Table, estimator: Estimator[Any], artefact: Any, schema: Schema) -> dict[str, float]:
    """The metrics of a model on rows that have the columns of its schema, the target among them, and perhaps more.

    Raises EstimatorFailed for metrics that are not finite, InvalidRows for rows that the model cannot take.
    """
    features = conform(holdout.select(schema.names), _forgiving(schema))
    truth = holdout.column(schema.target)
    metrics = measure(schema.problem, truth, estimator.predict(artefact, features), schema.classes)
    wrong = [name for name, value in metrics.items() if not math.isfinite(value)]
    if wrong:
        # JSON has no such numbers: a version that held one could not be read, nor its model.
        raise EstimatorFailed(f"{wrong[0]} on the holdout is not finite: the estimator predicts NaN or infinity there")
    return metrics


def _forgiving(schema: Schema) -> Schema:
    """What training never missed may be missing in rows that were held out of it."""
    columns = [msgspec.structs.replace(column, nullable=True) for column in schema.columns]
    return msgspec.structs.replace(schema, columns=columns)
