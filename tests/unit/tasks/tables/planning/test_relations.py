"""What columns say of each other, of the target, and of their rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.estimators.lightgbm import LightGBM
from tasks.tables.findings import Finding

ROWS = 400
RNG = np.random.default_rng(7)
NOISE = RNG.standard_normal(ROWS)
X = RNG.standard_normal(ROWS)


def findings(target: Any, **columns: Any) -> dict[tuple[str, str | None], Finding]:
    data = pa.table({"x": X, **columns, "y": target})
    plan = LightGBM().prepare(data, {"target": "y"}).plan
    assert plan is not None
    return {(finding.code, finding.column): finding for finding in plan.findings}


def test_a_table_without_anything_odd_has_no_finding() -> None:
    assert findings(X + NOISE, z=RNG.standard_normal(ROWS), c=[str(row % 3) + "c" for row in range(ROWS)]) == {}


@pytest.mark.parametrize("rewritten", [lambda y: 2 * y + 1, lambda y: -(y**3), np.exp])
def test_a_number_that_is_the_target_rewritten(rewritten: Any) -> None:
    target = X + NOISE
    found = findings(target, k=rewritten(target))
    assert found["target_rewritten", "k"].severity == "warning"
    assert ("leakage", "k") not in found
    assert ("target_rewritten", "x") not in found


def test_a_category_that_is_the_target_rewritten() -> None:
    classes = ["no" if value < 0 else "yes" for value in X + NOISE]
    found = findings(classes, k=["n" if value == "no" else "j" for value in classes])
    assert ("target_rewritten", "k") in found


@pytest.mark.parametrize("problem", ["regression", "binary"])
def test_a_column_that_tells_nearly_all(problem: str) -> None:
    amount = X + NOISE
    target = amount if problem == "regression" else np.where(amount > 0, "yes", "no")
    k = (
        amount + 0.01 * RNG.standard_normal(ROWS)
        if problem == "regression"
        else np.abs(amount) ** 0.5 * np.sign(amount)
    )
    found = findings(target, k=k)
    figure = float(found["leakage", "k"].message.rpartition(" ")[2])
    assert 0.98 <= figure <= 1
    assert ("leakage", "x") not in found


def test_a_category_that_tells_nearly_all() -> None:
    feeds = [f"f{row % 7}" for row in range(ROWS)]
    target = np.array([int(feed[1]) ** 2 * 10.0 for feed in feeds]) + 0.1 * NOISE
    found = findings(target, k=feeds)
    assert ("leakage", "k") in found


def test_near_duplicates() -> None:
    found = findings(X + NOISE, celsius=NOISE * 5, fahrenheit=NOISE * -9 + 32, other=RNG.standard_normal(ROWS))
    assert "'celsius'" in found["near_duplicate", "fahrenheit"].message
    assert [code for code, _ in found] == ["near_duplicate"]
    names = [f"n{row % 5}" for row in range(ROWS)]
    found = findings(X + NOISE, a=names, b=[f"{name}!" for name in names], c=[f"m{row % 4}" for row in range(ROWS)])
    assert [key for key in found if key[0] == "near_duplicate"] == [("near_duplicate", "b")]


def test_numbers_that_name_the_rows() -> None:
    found = findings(X + NOISE, n=range(5, 5 + 2 * ROWS, 2), u=RNG.permutation(ROWS) * 3, r=np.arange(ROWS) % 300)
    assert sorted(key for key in found) == [("sequence", "n"), ("unique_numbers", "u")]


def test_rows_that_are_others_again() -> None:
    data = pa.table({"x": np.arange(ROWS) % 20 / 2, "y": np.arange(ROWS) % 20 * 7 % 11 / 2})
    plan = LightGBM().prepare(data, {"target": "y"}).plan
    assert plan is not None
    (finding,) = (finding for finding in plan.findings if finding.code == "duplicate_rows")
    assert finding.count == ROWS - 20


def test_imbalance() -> None:
    found = findings(["rare" if row % 40 == 0 else "often" for row in range(ROWS)])
    assert found["imbalance", "y"].count == 390
    assert not findings(["rare" if row % 5 == 0 else "often" for row in range(ROWS)])


def test_of_very_many_columns_one_finding_is_made() -> None:
    data = pa.table({"x": X, **{f"k{index}": [1] * ROWS for index in range(50)}, "y": X + NOISE})
    plan = LightGBM().prepare(data, {"target": "y"}).plan
    assert plan is not None
    (finding,) = plan.findings
    assert (finding.code, finding.column, finding.count) == ("constant", None, 50)
