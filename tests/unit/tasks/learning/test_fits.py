"""When a table is measured by cross-validation."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.estimators.lightgbm import LightGBM
from tasks.learning.fits import fit_models
from tasks.learning.recording import Recorder
from tasks.tables.folds import FEW_ROWS


@pytest.mark.parametrize(
    ("rows", "split", "folds"),
    [
        (200, "random", 5),
        (200, {"by": "random", "folds": 0}, 0),
        (FEW_ROWS, "random", 0),
        (FEW_ROWS, {"folds": 5}, 5),
    ],
)
def test_few_rows_are_and_others_on_demand(rows: int, split: Any, folds: int) -> None:
    x = np.arange(float(rows))
    estimator = LightGBM()
    ready = estimator.prepare(pa.table({"x": x, "z": x % 7, "y": x * 2}), {"target": "y", "split": split})
    recorder = Recorder(lambda _step: None, grows=estimator.grows)
    fitted = fit_models(estimator, ready, {"n_estimators": 3}, recorder=recorder)
    assert len(fitted.folds) == folds
    assert fitted.two == bool(folds)
