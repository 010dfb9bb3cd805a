"""LightGBM learns from dates and text, and says of the schema's columns what it says."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidParams
from tasks.estimators.base import Dataset
from tasks.estimators.features import layer
from tasks.estimators.lightgbm import LightGBM, LightGBMModel
from tests.unit.tasks.estimators.features.test_texts import WORDS
from tests.unit.tasks.estimators.test_estimators import dataset, nothing

ROWS = 400


def reviews(problem: str) -> Dataset:
    """What a review is worth: "great" is good, "awful" is bad, and Sundays are better."""
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(WORDS, 6)) if row % 20 else None for row in range(ROWS)]
    days = [datetime(2026, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 200, ROWS)]
    score = [
        2.0 * ("great" in (text or "")) - 3.0 * ("awful" in (text or "")) + (day.weekday() == 6)
        for text, day in zip(texts, days, strict=True)
    ]
    target: list[Any] = score
    if problem != "regression":
        target = ["bad" if s < 0 else "good" if s > 0 or problem == "binary" else "so-so" for s in score]
    table = pa.table({
        "text": texts,
        "day": pa.array(days, pa.timestamp("us")),
        "x": rng.normal(size=ROWS),
        "kind": rng.choice(["a", "b"], ROWS),
        "y": target,
    })  # fmt: skip
    return LightGBM().prepare(table, {"target": "y", "problem": problem})


def fitted(data: Dataset, **params: Any) -> LightGBMModel:
    estimator = LightGBM()
    return estimator.load(estimator.dump(estimator.fit(data, params, nothing)))


def test_a_model_of_dates_and_text_predicts_what_they_say() -> None:
    data = reviews("regression")
    assert [column.type for column in data.schema.columns] == ["text", "date", "number", "category"]
    found = LightGBM().predict(fitted(data), data.holdout).column("prediction").to_numpy()
    truth = data.holdout.column("y").to_numpy()
    assert 1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum() > 0.9


def test_new_texts_have_different_answers() -> None:
    data = reviews("binary")
    model = fitted(data)
    rows = data.holdout.slice(0, 1).drop_columns(["y"])
    said = [
        LightGBM().predict(model, rows.set_column(0, "text", pa.array([text]))).column("probability_1")[0].as_py()
        for text in ("a great book that nobody has read", "an awful book that nobody has read")
    ]
    assert said[0] > 0.9
    assert said[1] < 0.1


@pytest.mark.parametrize("problem", ["regression", "binary", "multiclass"])
def test_contributions_and_importance_are_those_of_the_schemas_columns(problem: str) -> None:
    data = reviews(problem)
    model, names = fitted(data), ["text", "day", "x", "kind"]
    importance = LightGBM().importance(model)
    assert list(importance) == names
    assert importance["text"] > importance["day"] > importance["kind"]
    found = LightGBM().explain(model, data.holdout)
    marks = ["_0", "_1", "_2"] if problem == "multiclass" else [""]
    assert found.column_names == [
        name
        for mark in marks
        for name in (f"raw{mark}", f"base{mark}", *(f"contribution{mark}_{column}" for column in names))
    ]
    for mark in marks:
        parts = [found.column(f"contribution{mark}_{name}").to_numpy() for name in names]
        total = np.sum(parts, axis=0) + found.column(f"base{mark}").to_numpy()
        np.testing.assert_allclose(total, found.column(f"raw{mark}").to_numpy(), atol=1e-9)


def test_a_row_is_answered_as_it_is_among_others() -> None:
    data = reviews("multiclass")
    model, estimator = fitted(data), LightGBM()
    assert estimator.predict(model, data.holdout).slice(7, 1).equals(estimator.predict(model, data.holdout.slice(7, 1)))
    assert estimator.explain(model, data.holdout).slice(7, 1).equals(estimator.explain(model, data.holdout.slice(7, 1)))


def test_params_by_place_count_the_schemas_columns() -> None:
    data = reviews("regression")
    x_alone = {"interaction_constraints": [[0], [1], [2], [3]], "feature_contri": [1, 0.5, 0, 1]}
    importance = LightGBM().importance(fitted(data, monotone_constraints=[0, 0, 1, 0], **x_alone))
    assert importance["x"] == 0 < importance["day"]
    with pytest.raises(InvalidParams, match="feature_contri must be a list of 4 numbers"):
        fitted(data, feature_contri=[1, 2])
    for sign, words in (([1, 0, 0, 0], "'text', which is text"), ([0, 1, 0, 0], "'day', which is a date")):
        with pytest.raises(InvalidParams, match=f"monotone_constraints must be 0 for {words}"):
            fitted(data, monotone_constraints=sign)


def test_the_params_of_the_fit_are_told_as_the_caller_counts_them() -> None:
    estimator, data = LightGBM(), reviews("regression")
    used = estimator.params_used(estimator.fit(data, {"max_depth": 3, "feature_contri": [1, 1, 0, 1]}, nothing))
    assert used["max_depth"] == 3
    assert used["feature_contri"] == [1, 1, 0, 1]
    assert (used["num_iterations"], used["early_stopping_round"], used["min_data_in_leaf"]) == (200, 50, 10)


def test_it_is_told_how_much_of_a_sparse_matrix_takes_room() -> None:
    data = reviews("regression")
    fitted = layer.fit(data.train, data.schema)
    matrix = fitted.features.matrix(data.train, data.schema)
    flat = fitted.features.flat(data.schema)
    assert matrix.shape == (data.train.num_rows, len(flat.columns))
    assert fitted.features.filled(data.schema) == pytest.approx(matrix.nnz / data.train.num_rows, rel=0.1)


def test_a_model_without_them_is_dumped_as_ever() -> None:
    estimator, data = LightGBM(), dataset("regression")
    assert b'"features"' not in estimator.dump(estimator.fit(data, {}, nothing)).partition(b"\n")[0]
