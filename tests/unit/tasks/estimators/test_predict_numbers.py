"""Few rows of numbers are predicted without a table, and exactly so."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tasks.estimators import asking
from tasks.estimators.delegating import Delegating
from tasks.estimators.lightgbm import LightGBM, LightGBMModel
from tasks.tables.batch import Batch
from tasks.tables.schema import arrow_schema
from tests.unit.tasks.estimators.test_estimators import nothing

PARAMS = {"num_iterations": 8, "min_data_in_leaf": 3}


def table(problem: str, rows: int = 200) -> pa.Table:
    rng = np.random.default_rng(3)
    columns = {name: rng.normal(size=rows) for name in ("a", "b", "c")}
    columns["b"][::9] = np.nan
    score = columns["a"] + columns["c"] ** 2
    target = {"regression": score, "binary": score > 1, "multiclass": np.digitize(score, [0.5, 1.5]).astype(str)}
    return pa.table({**columns, "y": target[problem]})


def fitted(problem: str, **params: Any) -> LightGBMModel:
    """A model of numbers that has been through bytes."""
    estimator = LightGBM()
    made = estimator.fit(estimator.prepare(table(problem), {"target": "y"}), {**PARAMS, **params}, nothing)
    return estimator.load(estimator.dump(made))


def batch(model: LightGBMModel, rows: int) -> Batch:
    numbers = np.ascontiguousarray(np.random.default_rng(rows).normal(size=(rows, 3)) * 2)
    numbers[::4, 1] = np.nan
    made = partial(pa.table, dict(zip("abc", numbers.T, strict=True)), schema=arrow_schema(model.schema))
    return Batch(rows, made, lambda: numbers)


@pytest.mark.parametrize("rows", [1, 2, 40, 511, 512, 20_000])
@pytest.mark.parametrize(
    ("problem", "params"),
    [
        ("regression", {}),
        ("binary", {}),
        ("multiclass", {}),
        ("regression", {"objective": "quantile", "alpha": [0.1, 0.9]}),
    ],
)
def test_the_answers_are_those_of_the_table(problem: str, params: dict[str, Any], rows: int) -> None:
    model, estimator = fitted(problem, **params), LightGBM(threads=2)
    given = batch(model, rows)
    assert given.numbers is not None
    found = estimator.predict_numbers(model, given.numbers, model.schema)
    assert isinstance(found, np.ndarray) == (problem == "regression" and not params), "where there is nothing else"
    for said in (
        found,
        asking.answers(estimator, model, given, model.schema),
        asking.answers(Delegating(estimator), model, given, model.schema),
    ):
        whole: Any = pa.table({"prediction": said}) if isinstance(said, np.ndarray) else said
        assert whole.equals(estimator.predict(model, given.table))


def test_no_table_is_made_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    model = fitted("regression")
    given = batch(model, 3)
    asking.answers(LightGBM(), model, given, model.schema)
    assert "table" not in vars(given)


def test_columns_in_another_order_are_not_taken_so() -> None:
    model = fitted("regression")
    other = msgspec.structs.replace(model.schema, columns=model.schema.columns[::-1])
    numbers = batch(model, 2).numbers
    assert numbers is not None
    assert LightGBM().predict_numbers(model, numbers, other) is None


def test_an_estimator_that_is_looked_at_gets_a_table() -> None:
    class Unproven(Delegating):
        def predict_numbers(self, *_: Any) -> pa.Table:
            raise AssertionError

    model, estimator = fitted("regression"), Unproven(LightGBM())
    estimator.proven = False
    given = batch(model, 2)
    found: Any = asking.answers(estimator, model, given, model.schema)
    assert found.equals(LightGBM().predict(model, given.table))
    assert "numbers" not in vars(given), "nor are they made for it"
