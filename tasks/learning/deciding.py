"""What a version does with what its model says, found on validation rows: threshold, calibration, how far it errs."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.estimators.outcomes import Outcomes
from tasks.learning.conformal import kept_scores
from tasks.learning.isotonic import applied, isotonic
from tasks.learning.thresholds import best_threshold
from tasks.registry.measured import Decision
from tasks.tables.choices import Choices
from tasks.tables.columns import Schema
from tasks.tables.schema import numbers, target_type

_BECAUSE: Final = {
    "max_f1": "the best F1 on {rows:,} validation rows",
    "balanced": "the best balanced accuracy on {rows:,} validation rows",
    "cost": "the least cost on {rows:,} validation rows",
}

Floats = npt.NDArray[np.float64]


def decision_of(rows: Outcomes, choices: Choices) -> Decision:
    """What is chosen by predictions of validation rows."""
    if not len(rows) or rows.problem == "ranking":
        return Decision()
    if rows.problem == "regression":
        found = np.abs(rows.truth - rows.given)
        return Decision(scores=kept_scores(found), scored=len(rows)) if np.isfinite(found).all() else Decision()
    chances, calibration = rows.chances, []
    if choices.calibrate:
        classes = range(1, 2) if chances.shape[1] == 2 else range(chances.shape[1])
        calibration = [isotonic(chances[:, i], (rows.truth == i).astype(float), rows.weights) for i in classes]
        chances = applied(chances, calibration)
    threshold, because = _threshold(rows, chances, choices)
    scores = 1 - chances[np.arange(len(rows)), rows.truth]
    return Decision(
        threshold=threshold, because=because, calibration=calibration, scores=kept_scores(scores), scored=len(rows)
    )


def decided(predictions: pa.Table, decision: Decision, schema: Schema) -> pa.Table:
    """The predictions of a model as its version gives them: the same ones where it neither calibrates nor has a
    threshold."""
    if not schema.classes or (decision.threshold is None and not decision.calibration):
        return predictions
    names = [f"probability_{index}" for index in range(len(schema.classes))]
    chances = np.column_stack([numbers(predictions.column(name)) for name in names])
    if decision.calibration:
        chances = applied(chances, decision.calibration)
    best = (
        chances.argmax(axis=1) if decision.threshold is None else (chances[:, 1] >= decision.threshold).astype(np.int8)
    )
    values = pa.array(schema.classes, target_type(schema)).take(pa.array(best))
    return pa.table({"prediction": values, **{name: chances[:, index] for index, name in enumerate(names)}})


def _threshold(rows: Outcomes, chances: Floats, choices: Choices) -> tuple[float | None, str]:
    wanted = choices.threshold
    if rows.problem != "binary" or wanted == 0.5:
        return None, ""
    if not isinstance(wanted, str):
        return wanted, "options.threshold"
    costs = (choices.false_positive, choices.false_negative)
    found = best_threshold(chances[:, 1], rows.truth == 1, rows.weights, rule=wanted, costs=costs)
    return found, _BECAUSE[wanted].format(rows=len(rows))
