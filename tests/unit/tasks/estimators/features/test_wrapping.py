"""An estimator that knows numbers only learns from dates and text, and one that wants them gets them."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import signature
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import EstimatorFailed
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.delegating import Delegating
from tasks.estimators.features.wrapping import WithFeatures, with_features
from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.tunable import Tunable
from tests.unit.tasks.estimators.features.test_with_lightgbm import reviews
from tests.unit.tasks.estimators.test_estimators import dataset, nothing


class Least(Estimator[list[float]]):
    """Least squares of all columns, which have to be numbers, without what is missing."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> list[float]:
        truth = dataset.train.column(dataset.schema.target).to_numpy()
        found: list[float] = np.linalg.lstsq(self._matrix(dataset.train, dataset.schema.names), truth)[0].tolist()
        return found

    def _matrix(self, table: pa.Table, names: list[str]) -> Any:
        columns = [np.nan_to_num(table.column(name).cast(pa.float64()).to_numpy()) for name in names]
        return np.column_stack([*columns, np.ones(table.num_rows)])

    def predict(self, model: list[float], table: pa.Table) -> pa.Table:
        return pa.table({"prediction": self._matrix(table, table.column_names) @ model})

    def explain(self, model: list[float], table: pa.Table) -> pa.Table:
        matrix = self._matrix(table, table.column_names) * model
        columns = {f"contribution_{name}": matrix[:, place] for place, name in enumerate(table.column_names)}
        return pa.table({"raw": matrix.sum(axis=1), "base": matrix[:, -1], **columns})

    def importance(self, model: list[float]) -> dict[str, float]:
        return {}

    def dump(self, model: list[float]) -> bytes:
        return repr(model).encode()

    def load(self, data: bytes) -> list[float]:
        return [float(part) for part in data.decode().strip("[]").split(",")]


class Raw(Least):
    """Wants both as they are."""

    raw = frozenset({"date", "text"})


def without_category(data: Dataset) -> Dataset:
    schema = data.schema
    data.schema.columns[:] = [column for column in schema.columns if column.type != "category"]
    return data


def test_numbers_of_dates_and_text_are_learned_from_and_summed_up() -> None:
    data, estimator = without_category(reviews("regression")), with_features(Least())
    model = estimator.load(estimator.dump(estimator.fit(data, {}, nothing)))
    rows = data.holdout.select(data.schema.names)
    found = estimator.predict(model, rows).column("prediction").to_numpy()
    truth = data.holdout.column("y").to_numpy()
    assert 1 - ((found - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum() > 0.8
    explained = estimator.explain(model, rows)
    assert explained.column_names == ["raw", "base", *(f"contribution_{name}" for name in data.schema.names)]
    total = np.sum([column.to_numpy() for column in explained.columns[1:]], axis=0)
    np.testing.assert_allclose(total, explained.column("raw").to_numpy())
    assert estimator.predict(model, rows.slice(3, 1)).column(0)[0].as_py() == pytest.approx(found[3])


def test_a_model_of_numbers_alone_is_what_the_estimator_makes() -> None:
    data = dataset("regression")
    data.schema.columns[:] = [column for column in data.schema.columns if column.type == "number"]
    plain, estimator = Least(), with_features(Least())
    dumped = estimator.dump(estimator.fit(data, {}, nothing))
    assert dumped == plain.dump(plain.fit(data, {}, nothing))
    rows = data.holdout.select(data.schema.names)
    assert estimator.predict(estimator.load(dumped), rows).equals(plain.predict(plain.load(dumped), rows))


def test_who_wants_them_raw_gets_them() -> None:
    assert isinstance(with_features(Least()), WithFeatures)
    assert isinstance(with_features(Raw()), Raw)
    catalogue = Catalogue({"least": f"{__name__}:Least"}, threads=3, memory_bytes=7)
    found = catalogue.get("least")
    assert isinstance(found, WithFeatures)
    assert (found.threads, found.memory_bytes, found.inner.memory_bytes) == (3, 7, 7)
    assert isinstance(catalogue.get("lightgbm"), LightGBM)


def test_all_that_an_estimator_says_is_asked_of_the_one_inside() -> None:
    named = (vars(Estimator) | vars(Tunable)).items()
    said = {name for name, value in named if callable(value) and not name.startswith("_")}
    assert said <= vars(Delegating).keys()
    of_a_model = {name for name in said if "model" in signature(getattr(Estimator, name)).parameters} - {"quicker"}
    assert len(of_a_model) > 5
    assert of_a_model <= vars(WithFeatures).keys()


def test_a_damaged_header_is_told() -> None:
    data, estimator = without_category(reviews("regression")), with_features(Least())
    dumped = estimator.dump(estimator.fit(data, {}, nothing))
    with pytest.raises(EstimatorFailed, match="train it again"):
        estimator.load(dumped.replace(b'"schema"', b'"scheme"', 1))
