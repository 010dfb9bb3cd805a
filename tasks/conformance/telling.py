"""Checks of what an estimator tells of a model beside its answers: importance, params used, contributions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from tasks.conformance.attempts import Failed, attempt
from tasks.conformance.comparing import TOLERANCE
from tasks.conformance.remarks import Remark, fault
from tasks.conformance.trial import Trial
from tasks.errors import InvalidField
from tasks.estimators.asking import explanation

#: What to do about a method that raises.
MEND: Final = "mend it, or leave it out: what is inherited tells nothing"


def telling(trial: Trial) -> Iterator[Remark]:
    """Importance and params used survive JSON; contributions add up to what is raw."""
    counts = attempt("importance", lambda: trial.estimator.importance(trial.model), remedy=MEND)
    strange = [name for name, value in counts.items() if name not in trial.schema.names or not math.isfinite(value)]
    if strange:
        yield fault(
            f"importance has {strange[0]!r}: {counts[strange[0]]!r}", "give a finite number for columns of the schema"
        )
    used = attempt("params_used", lambda: trial.estimator.params_used(trial.model), remedy=MEND)
    try:
        msgspec.json.encode(used)
    except (TypeError, ValueError) as error:
        yield fault(f"params_used cannot be JSON: {error}", "give numbers, text, lists and dicts: float(x), list(x)")
    yield from _explained(trial)


def _explained(trial: Trial) -> Iterator[Remark]:
    model, rows = trial.model, trial.rows
    try:
        found = attempt("explain", lambda: explanation(trial.estimator, model, rows, trial.schema), remedy=MEND)
    except Failed as failed:
        # Such a model cannot say, and says so.
        if isinstance(failed.__cause__, InvalidField):
            return
        raise
    marks = [f"_{index}" for index in range(len(trial.schema.classes))] if _several(trial) else [""]
    for mark in marks:
        expected = [f"raw{mark}", f"base{mark}", *(f"contribution{mark}_{name}" for name in trial.schema.names)]
        if missing := [name for name in expected if name not in found.column_names]:
            yield fault(f"explain has no column {missing[0]!r}", f"give the columns {', '.join(expected)}")
        elif (row := _off(found.select(expected))) is not None:
            yield fault(
                f"base and contributions of row {row} do not add up to raw{mark}",
                "give what each column adds on the scale of raw, and in base what no column adds",
            )


def _several(trial: Trial) -> bool:
    return trial.schema.problem == "multiclass"


def _off(columns: pa.Table) -> int | None:
    """The first row in which the first column is not the sum of the others."""
    raw, *parts = (column.to_numpy() for column in columns.columns)
    total = np.sum(parts, axis=0)
    size = np.max([np.abs(part) for part in [raw, *parts]], axis=0)
    wrong = ~(np.abs(raw - total) <= TOLERANCE * np.maximum(size, 1) * len(parts))
    return int(wrong.argmax()) if wrong.any() else None
