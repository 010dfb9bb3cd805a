"""Estimators in plain Python."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa
import pytest

from tasks.errors import EstimatorFailed
from tasks.estimators.base import Progress
from tasks.estimators.of_rows import OfRows, Row


class Echo(OfRows):
    """Keeps what it was given, and answers what its model says."""

    given: tuple[list[Row], list[Any]] = ([], [])
    answers: Any = None
    model: Any = ("kept",)

    def fit_rows(self, rows: list[Row], answers: list[Any], params: Any, progress: Progress) -> Any:
        type(self).given = rows, answers
        return self.model

    def predict_rows(self, model: Any, rows: list[Row]) -> list[Any]:
        return [self.answers[index % len(self.answers)] for index in range(len(rows))]


def fitted(**columns: Any) -> tuple[Echo, Any, pa.Table]:
    estimator = Echo()
    dataset = estimator.prepare(pa.table(columns), {"target": "y"})
    model = estimator.fit(dataset, {}, lambda *_: None)
    return estimator, estimator.load(estimator.dump(model)), dataset.tested.select(dataset.schema.names)


def test_rows_are_plain_values() -> None:
    days = [datetime.datetime(2026, 1, 1) + datetime.timedelta(days=day, hours=day % 5) for day in range(60)]
    numbers = [None if number == 3 else number * 1.5 for number in range(60)]
    _, model, _ = fitted(x=numbers, when=days, y=[float(number) for number in range(60)])
    rows, answers = Echo.given
    assert len(rows) == len(answers) > 30
    assert all(row["x"] is None or row["x"] == answer * 1.5 for row, answer in zip(rows, answers, strict=True))
    assert {type(row["when"]) for row in rows} == {datetime.datetime}
    # As JSON gives it back, also before it is stored.
    assert model.model == ["kept"]


def test_classes_are_answered_by_name_or_by_chances() -> None:
    estimator, model, table = fitted(x=list(range(60)), y=["no", "yes", "perhaps"] * 20)
    estimator.answers = ["yes", {"no": 3, "perhaps": 1}]
    found = estimator.predict(model, table.slice(0, 2)).to_pydict()
    assert found["prediction"] == ["yes", "no"]
    assert [found[f"probability_{place}"] for place in range(3)] == [[0.0, 0.75], [0.0, 0.25], [1.0, 0.0]]


@pytest.mark.parametrize(
    ("answers", "said"), [(["maybe"], "'maybe' for row 0"), ([{"no": 0.0}], "without a chance for any class")]
)
def test_answers_that_cannot_be_are_refused(answers: list[Any], said: str) -> None:
    estimator, model, table = fitted(x=list(range(60)), y=["no", "yes", "perhaps"] * 20)
    estimator.answers = answers
    with pytest.raises(EstimatorFailed, match=said):
        estimator.predict(model, table)


def test_what_json_cannot_hold_is_no_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Echo, "model", {"pool": object()})
    with pytest.raises(EstimatorFailed, match="JSON cannot hold"):
        fitted(x=list(range(60)), y=[float(number) for number in range(60)])
