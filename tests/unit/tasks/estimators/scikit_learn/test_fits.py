"""What a fit does with missing values, weights, dates, threads and memory, and what it says of columns."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidParams
from tests.unit.tasks.estimators.scikit_learn.tables import ROWS, estimator, fitted, measuring, mixed, prepared

LOGISTIC: Final = "sklearn.linear_model.LogisticRegression"
RIDGE: Final = "sklearn.linear_model.Ridge"
HISTOGRAMS: Final = "sklearn.ensemble.HistGradientBoostingRegressor"


def test_the_same_data_and_params_give_the_same_model() -> None:
    using, dataset = estimator(), prepared(mixed())
    for path in ("ensemble.RandomForestClassifier", "neural_network.MLPClassifier", "svm.LinearSVC"):
        params = {"estimator": f"sklearn.{path}"}
        one, other = (using.predict(fitted(dataset, params, using), measuring(dataset)) for _ in range(2))
        assert one.equals(other)


def test_weights_count_where_they_can() -> None:
    table = mixed("regression")
    weighed = table.append_column("w", pa.array([float(row % 2) for row in range(ROWS)]))
    dataset = prepared(weighed, columns={"w": "weight", "said": "ignore"})
    plain, counted = (
        fitted(prepared(one, columns=columns), {"estimator": RIDGE})
        for one, columns in ((table, {"said": "ignore"}), (weighed, {"w": "weight", "said": "ignore"}))
    )
    assert estimator().importance(plain) != estimator().importance(counted)
    with pytest.raises(InvalidParams, match="the rows have weights, and KNeighborsRegressor cannot take any"):
        fitted(dataset, {"estimator": "sklearn.neighbors.KNeighborsRegressor"})
    balanced = prepared(mixed(), class_weight="balanced")
    with pytest.raises(InvalidParams, match="leave out the weight column and class_weight"):
        fitted(balanced, {"estimator": "sklearn.neighbors.KNeighborsClassifier"})


def test_a_fit_that_would_take_too_much_memory_is_refused() -> None:
    dataset = prepared(mixed("regression"))
    using = estimator(memory_bytes=50_000)
    fitted(dataset, {"estimator": RIDGE}, using)
    with pytest.raises(InvalidParams, match=r"take no sparse matrix.*MLSERVICE|text__max_features"):
        fitted(dataset, {"estimator": HISTOGRAMS}, using)
    fitted(dataset, {"estimator": HISTOGRAMS, "text": "drop"}, using)
    with pytest.raises(InvalidParams, match="a number for each pair of"):
        fitted(dataset, {"estimator": "sklearn.gaussian_process.GaussianProcessRegressor", "text": "drop"},
               estimator(memory_bytes=40_000))  # fmt: skip


def test_dates_count_as_their_numbers() -> None:
    start = date(2026, 1, 1)
    days = [start + timedelta(days=row) for row in range(ROWS)]
    table = pa.table({"day": pa.array(days), "y": [10.0 * day.month + day.day / 100 for day in days]})
    using, dataset = estimator(), prepared(table)
    model = fitted(dataset, {"estimator": HISTOGRAMS, "max_iter": 50, "min_samples_leaf": 5}, using)
    found = using.predict(using.load(using.dump(model)), measuring(dataset))
    assert np.corrcoef(found["prediction"], dataset.tested["y"])[0, 1] > 0.9
    assert set(using.importance(fitted(dataset, {"estimator": RIDGE}, using))) == {"day"}


def test_a_linear_model_tells_what_each_column_adds() -> None:
    for problem in ("regression", "binary", "multiclass"):
        using, dataset = estimator(), prepared(mixed(problem))
        model = using.load(using.dump(fitted(dataset, {}, using)))
        rows = measuring(dataset)
        told = using.explain(model, rows)
        marks = ["_0", "_1", "_2"] if problem == "multiclass" else [""]
        each = ["raw{}", "base{}", *(f"contribution{{}}_{name}" for name in dataset.schema.names)]
        assert told.column_names == [name.format(mark) for mark in marks for name in each]
        for mark in marks:
            parts = [told[name.format(mark)].to_numpy() for name in each]
            assert np.allclose(sum(parts[1:]), parts[0])
        if problem == "regression":
            assert np.allclose(told["raw"], using.predict(model, rows)["prediction"])
        if problem == "binary":
            chance = using.predict(model, rows)["probability_1"].to_numpy()
            assert np.allclose(1 / (1 + np.exp(-told["raw"].to_numpy())), chance)
        counts = using.importance(model)
        assert set(counts) == set(dataset.schema.names)
        assert counts["x"] > counts["size"]


@pytest.mark.parametrize(
    "params",
    [
        {"estimator": "sklearn.ensemble.RandomForestRegressor", "n_estimators": 2},
        {"estimator": ["sklearn.preprocessing.PolynomialFeatures", RIDGE], "text": "drop"},
    ],
)
def test_others_cannot_tell_what_each_column_adds(params: dict[str, Any]) -> None:
    using, dataset = estimator(), prepared(mixed("regression"))
    with pytest.raises(InvalidField, match="only linear models of scikit-learn") as raised:
        using.explain(fitted(dataset, params, using), measuring(dataset))
    assert raised.value.pointer == "?explain"


def test_what_was_never_missing_may_be_missing_and_new_categories_come() -> None:
    table = pa.table(
        {
            "a": [float(row % 7) for row in range(60)],
            "c": [["red", "blue"][row % 2] for row in range(60)],
            "y": [float(row % 7) + 5 * (row % 2) for row in range(60)],
        }
    )
    using, dataset = estimator(), prepared(table)
    rows = pa.table(
        {
            "a": pa.array([None, 3.0, 3.0], pa.float64()),
            "c": pa.array([0, None, 1], pa.int32()).cast(pa.int32()),
        }
    )
    codes = pa.DictionaryArray.from_arrays(rows["c"].combine_chunks(), pa.array(["blue", "red"]))
    rows = rows.set_column(1, "c", codes)
    for path in ("linear_model.Ridge", "ensemble.HistGradientBoostingRegressor", "neighbors.KNeighborsRegressor"):
        found = using.predict(fitted(dataset, {"estimator": f"sklearn.{path}"}, using), rows)
        assert np.isfinite(found["prediction"]).all()


def test_threads_are_those_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    from joblib import effective_n_jobs  # type: ignore[import-untyped]
    from sklearn.linear_model import Ridge

    seen: list[int] = []
    learned = Ridge.fit

    def fit(self: Any, *args: Any, **named: Any) -> Any:
        seen.append(effective_n_jobs(None))
        return learned(self, *args, **named)

    monkeypatch.setattr(Ridge, "fit", fit)
    for threads in (1, 2):
        fitted(prepared(mixed("regression")), {}, estimator(threads=threads))
    assert seen == [1, 2]


def test_a_kind_of_column_that_the_table_has_not() -> None:
    table = mixed().drop_columns(["said"])
    with pytest.raises(InvalidParams, match="text: the table has no columns of that kind; say what they are at init"):
        fitted(prepared(table), {"text__min_df": 2})
    with pytest.raises(InvalidParams, match="no column is left to learn from"):
        fitted(prepared(table), {"numbers": "drop", "categories": "drop"})
    fitted(prepared(table), {"text": "drop"})


def test_each_column_of_text_has_words_of_its_own() -> None:
    table = mixed()
    table = table.append_column("more", pa.array([f"other words {row}" for row in range(ROWS)]))
    using = estimator()
    dataset = prepared(table, columns={"said": {"type": "text"}, "more": {"type": "text"}})
    model = fitted(dataset, {"text__ngram_range": [1, 1]}, using)
    steps = {name: step for name, step, _ in model.inner.columns.transformers_}
    assert "lovely" in steps["text"].vocabulary_
    assert "other" in steps["text-2"].vocabulary_
    found = using.predict(using.load(using.dump(model)), measuring(dataset))
    assert found.equals(using.predict(model, measuring(dataset)))
