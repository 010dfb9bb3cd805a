"""Params with which a fit would take too much memory are refused before it, and small tables get one thread."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidParams
from tasks.estimators.base import Dataset
from tasks.estimators.lightgbm import VALUES_FOR_THREADS, LightGBM
from tasks.estimators.lightgbm_memory import params_bytes

#: What a fit may use in these tests: more than any default takes of a small table.
MEMORY: Final = 40_000_000


def dataset(*, rows: int = 2000, columns: int = 4, classes: int = 0) -> Dataset:
    rng = np.random.default_rng(3)
    data: dict[str, Any] = {f"c{index}": rng.normal(size=rows) for index in range(columns)}
    data["y"] = rng.integers(0, classes, rows) if classes else data["c0"] * 2 + rng.normal(size=rows)
    options = {"target": "y", **({"problem": "multiclass"} if classes else {})}
    return LightGBM().prepare(pa.table(data), options)


def refused(params: dict[str, Any], **of: int) -> InvalidParams:
    """Why the fit is refused, before its first iteration."""
    estimator = LightGBM(threads=1)
    estimator.memory_bytes = MEMORY
    with pytest.raises(InvalidParams) as caught:
        estimator.fit(dataset(**of), params, lambda *_: pytest.fail("the fit began"))
    return caught.value


@pytest.mark.parametrize(
    ("params", "pointer"),
    [
        ({"num_leaves": 5000}, "/params/num_leaves"),
        ({"max_leaves": 131_072, "max_depth": 3}, "/params/max_leaves"),
        ({"max_bin": 60_000, "min_data_in_bin": 1, "num_leaves": 400}, "/params/max_bin"),
        ({"n_estimators": 100_000, "num_leaves": 40, "early_stopping_rounds": 0}, "/params/n_estimators"),
        ({"linear_tree": True, "num_leaves": 300, "max_bin": 3}, "/params/linear_tree"),
    ],
)
def test_params_that_take_too_much_are_refused_where_they_were_given(params: dict[str, Any], pointer: str) -> None:
    error = refused(params, columns=200 if "linear_tree" in params else 4)
    assert error.pointer == pointer
    assert "40 MB" in str(error)


def test_many_classes_and_iterations_are_refused() -> None:
    error = refused({"num_iterations": 2000, "early_stopping_round": 0}, classes=40)
    assert error.pointer == "/params/num_iterations"


def test_what_is_said_to_be_possible_is() -> None:
    found = re.search(r"num_leaves may be at most (\d+)", str(refused({"num_leaves": 100_000})))
    assert found is not None
    most = int(found[1])
    estimator = LightGBM()
    estimator.memory_bytes = MEMORY
    params = {"num_leaves": most, "num_iterations": 1}
    assert estimator.fit(dataset(), params, lambda *_: None).booster.num_trees() == 1
    assert refused({"num_leaves": most + 1, "num_iterations": 200}).pointer == "/params/num_leaves"


def test_interactions_are_bounded() -> None:
    error = refused({"interaction_constraints": [[0, 1]] * 50_001})
    assert error.pointer == "/params/interaction_constraints"


def test_defaults_and_an_open_end_that_stops_early_are_taken() -> None:
    estimator = LightGBM()
    estimator.memory_bytes = 4 * MEMORY
    data = dataset()
    for params in ({}, {"num_iterations": 50_000, "learning_rate": 0.5, "early_stopping_rounds": 3}):
        assert estimator.fit(data, params, lambda *_: None).booster.num_trees() > 0


MEASURE: Final = """
import sys
import lightgbm as lgb, numpy as np
rng = np.random.default_rng(0)
x = rng.normal(size=(4000, 10))
for leaves in sys.argv[1:]:
    params = {"verbosity": -1, "num_threads": 1, "num_leaves": int(leaves), "force_row_wise": True}
    lgb.train(params, lgb.Dataset(x, x[:, 0]), 1)
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""


def test_histograms_take_what_is_reckoned() -> None:
    """Should LightGBM take room another way, the bounds are wrong."""
    command = [sys.executable, "-c", MEASURE, "31", "5000"]
    said = subprocess.run(command, capture_output=True, check=True).stdout
    few, many = (int(kilobytes) * 1024 for kilobytes in said.split())
    schema = dataset(rows=4000, columns=10).schema
    reckoned = params_bytes({"num_leaves": 5000, "num_threads": 1}, schema, rows=4000)["num_leaves"]
    assert many - few == pytest.approx(reckoned, rel=0.2)


@pytest.mark.parametrize(("rows", "asked", "threads"), [(2000, None, 1), (2000, 2, 2), (2000, 9, 2), (0, None, 2)])
def test_small_tables_get_one_thread(rows: int, asked: int | None, threads: int) -> None:
    # 0: a large one; a fifth is held out.
    data = dataset(rows=rows or VALUES_FOR_THREADS // 4 * 2, columns=4)
    params = {"num_iterations": 1, **({"num_threads": asked} if asked else {})}
    assert LightGBM(threads=2).fit(data, params, lambda *_: None).booster.params["num_threads"] == threads
