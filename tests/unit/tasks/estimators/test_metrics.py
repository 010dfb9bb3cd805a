"""Metrics against those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from tasks.estimators.metrics import MAIN, auc, figures, main_metric, measure
from tasks.estimators.outcomes import Outcomes


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
            "mape": reference.mean_absolute_percentage_error(truth, given),
        }
    )


def test_regression_of_one_row_and_of_large_numbers() -> None:
    one = measure("regression", pa.array([2.0]), pa.table({"prediction": [3.0]}), [])
    assert one == {"rmse": pytest.approx(1), "mae": pytest.approx(1), "r2": 0.0, "mape": 0.5}
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
            "average_precision": reference.average_precision_score(truth, chance),
            "log_loss": reference.log_loss(truth, chance),
            "accuracy": reference.accuracy_score(truth, given),
            "balanced_accuracy": reference.balanced_accuracy_score(truth, given),
            "f1": reference.f1_score(truth, given),
            "calibration_error": calibration_error(chance, truth == 1),
        }
    )


def test_auc_of_ties_and_of_one_class() -> None:
    assert auc(np.array([True, False, True]), np.array([0.5, 0.5, 0.5])) == 0.5
    predictions = pa.table({"prediction": [1, 1], "probability_0": [0.1, 0.2], "probability_1": [0.9, 0.8]})
    assert set(measure("binary", pa.array([1, 1]), predictions, [0, 1])) == {
        *("log_loss", "accuracy", "balanced_accuracy", "f1", "calibration_error")
    }


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
            "balanced_accuracy": reference.balanced_accuracy_score(truth, given),
            "f1": reference.f1_score(truth, given, average="macro"),
            "calibration_error": calibration_error(chances.max(axis=1), truth == given),
        }
    )


def test_rows_count_by_their_weights() -> None:
    rng = np.random.default_rng(4)
    truth, weights = rng.integers(0, 2, size=300), rng.uniform(0, 3, size=300)
    chance = np.clip(truth * 0.2 + rng.uniform(size=300), 0.01, 0.99).round(2)
    given = (chance > 0.5).astype(int)
    found = figures(Outcomes("binary", truth, given, np.column_stack([1 - chance, chance]), weights))
    for name, of in {
        "auc": reference.roc_auc_score,
        "average_precision": reference.average_precision_score,
        "log_loss": reference.log_loss,
    }.items():
        assert found[name] == pytest.approx(of(truth, chance, sample_weight=weights)), name
    for name, of in {
        "accuracy": reference.accuracy_score,
        "balanced_accuracy": reference.balanced_accuracy_score,
        "f1": reference.f1_score,
    }.items():
        assert found[name] == pytest.approx(of(truth, given, sample_weight=weights)), name
    value, guess = rng.normal(size=300), rng.normal(size=300)
    numbers = figures(Outcomes("regression", value, guess, np.empty((300, 0)), weights, 0.8))
    for name, of in {
        "rmse": reference.root_mean_squared_error,
        "mae": reference.mean_absolute_error,
        "r2": reference.r2_score,
        "mape": reference.mean_absolute_percentage_error,
    }.items():
        assert numbers[name] == pytest.approx(of(value, guess, sample_weight=weights)), name
    pinball = reference.mean_pinball_loss(value, guess, sample_weight=weights, alpha=0.8)
    assert numbers["pinball"] == pytest.approx(pinball)


def test_a_metric_that_is_not_defined_is_left_out() -> None:
    found = measure("regression", pa.array([0.0, 1.0]), pa.table({"prediction": [1.0, 1.0]}), [])
    assert set(found) == {"rmse", "mae", "r2"}


def test_what_decides() -> None:
    assert set(MAIN) == {"regression", "binary", "multiclass", "ranking"}
    assert main_metric("regression", "") == ("rmse", False)
    assert main_metric("regression", "r2", {"r2": 0.1}) == ("r2", True)
    assert main_metric("binary", "", {"auc": 0.9}, {"auc": 0.8}) == ("auc", True)
    assert main_metric("binary", "", {"log_loss": 0.1}, {"auc": 0.8, "log_loss": 0.2}) == ("log_loss", False)
    # The target of other rows may have a 0.
    assert main_metric("regression", "mape", {"rmse": 1.0}, {"rmse": 1.0, "mape": 1.0}) == ("rmse", False)


def calibration_error(chance: np.ndarray, came: np.ndarray) -> float:
    """By the definition: the bins one by one."""
    bins = [(chance >= low / 10) & ((chance < (low + 1) / 10) | (low == 9)) for low in range(10)]
    return float(sum(abs(chance[part].mean() - came[part].mean()) * part.mean() for part in bins if part.any()))
