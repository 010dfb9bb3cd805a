"""Metrics against those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from tasks.estimators.metrics import MAIN, auc, better_by, measure


def test_regression() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=50)
    given = truth + rng.normal(size=50)
    found = measure("regression", pa.array(truth), pa.table({"prediction": given}), [])
    assert found == pytest.approx(
        {
            "rmse": reference.root_mean_squared_error(truth, given),
            "mae": reference.mean_absolute_error(truth, given),
            "r2": reference.r2_score(truth, given),
        }
    )


def test_regression_of_one_row_and_of_large_numbers() -> None:
    one = measure("regression", pa.array([2.0]), pa.table({"prediction": [3.0]}), [])
    assert one == {"rmse": pytest.approx(1), "mae": pytest.approx(1), "r2": 0.0}
    large = measure("regression", pa.array([3e38, -3e38]), pa.table({"prediction": [3e38, 0.0]}), [])
    assert all(map(np.isfinite, large.values()))


@pytest.mark.parametrize("decimals", [8, 1, 0])
def test_binary(decimals: int) -> None:
    rng = np.random.default_rng(decimals)
    truth = rng.integers(0, 2, size=200)
    chance = np.clip(truth * 0.2 + rng.uniform(size=200), 0, 1).round(decimals)
    given = (chance > 0.5).astype(int)
    names = np.array(["no", "yes"])
    predictions = pa.table({"prediction": names[given], "probability_0": 1 - chance, "probability_1": chance})
    found = measure("binary", pa.array(names[truth]), predictions, ["no", "yes"])
    assert found == pytest.approx(
        {
            "auc": reference.roc_auc_score(truth, chance),
            "log_loss": reference.log_loss(truth, chance),
            "accuracy": reference.accuracy_score(truth, given),
        }
    )


def test_auc_of_ties_and_of_one_class() -> None:
    assert auc(np.array([True, False, True]), np.array([0.5, 0.5, 0.5])) == 0.5
    predictions = pa.table({"prediction": [1, 1], "probability_0": [0.1, 0.2], "probability_1": [0.9, 0.8]})
    assert set(measure("binary", pa.array([1, 1]), predictions, [0, 1])) == {"log_loss", "accuracy"}


def test_multiclass() -> None:
    rng = np.random.default_rng(1)
    chances = rng.dirichlet([1, 1, 1], size=100)
    truth = rng.integers(0, 3, size=100)
    given = chances.argmax(axis=1)
    predictions = pa.table({"prediction": given, **{f"probability_{i}": chances[:, i].copy() for i in range(3)}})
    found = measure("multiclass", pa.array(truth), predictions, [0, 1, 2])
    assert found == pytest.approx(
        {
            "log_loss": reference.log_loss(truth, chances),
            "accuracy": reference.accuracy_score(truth, given),
        }
    )


def test_better_by() -> None:
    assert set(MAIN) == {"regression", "binary", "multiclass"}
    assert better_by("regression", {"rmse": 1.0}, {"rmse": 2.0})[1]
    assert not better_by("regression", {"rmse": 1.0}, {"rmse": 1.0})[1]
    assert better_by("binary", {"auc": 0.9, "log_loss": 1.0}, {"auc": 0.8, "log_loss": 0.1})[1]
    assert better_by("binary", {"log_loss": 0.1}, {"auc": 0.8, "log_loss": 0.2})[1]
    assert not better_by("multiclass", {"log_loss": 0.3}, {"log_loss": 0.2})[1]
