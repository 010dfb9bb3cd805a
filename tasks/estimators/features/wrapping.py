"""An estimator that takes numbers and categories only, with the layer of dates and text before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa

from tasks.errors import EstimatorFailed, InvalidField
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.delegating import Delegating
from tasks.estimators.features import layer
from tasks.estimators.features.layer import PLAIN, Features
from tasks.estimators.onnx_form import POINTER, OnnxModel, to_onnx
from tasks.tables.batch import Matrix, Numbers
from tasks.tables.columns import Schema

#: What a dumped model begins with that has features; the header follows on a line of its own, then what the estimator
#: dumped.
_MAGIC: Final = b"mlservice features 1\n"


@dataclass(frozen=True, slots=True)
class Featured:
    """A model, the schema of the tables that its users have, and how dates and text of that become numbers."""

    inner: Any
    schema: Schema | None = None
    features: Features = PLAIN


class _Header(msgspec.Struct, frozen=True):
    schema: Schema
    features: Features


class WithFeatures(Delegating):
    """`inner`, which sees the numbers that come of dates and text, but for types that it has in its `raw`.

    Models of tables without such columns are dumped as `inner` dumps them.
    """

    raw = frozenset({"date", "text"})

    def __init__(self, inner: Estimator[Any]) -> None:
        super().__init__(inner)
        self.raw = WithFeatures.raw

    def starting_from(self, model: Featured) -> Self:
        if model.schema is not None:
            raise InvalidField(
                "from_version cannot be used with dates or text, of which this estimator's numbers are made anew"
            ).at("/from_version")
        return type(self)(self.inner.starting_from(model.inner))

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> Featured:
        if not dataset.rows:
            # Of no rows nothing is made: the model sees what callers send.
            return Featured(self.inner.fit(dataset, params, progress))
        schema, weights = dataset.schema, dataset.weights("train", fit=True)
        fitted = layer.fit(dataset.train, schema, weights=weights, raw=self.inner.raw)
        features = fitted.features
        if features is PLAIN:
            return Featured(self.inner.fit(dataset, params, progress))
        flat = replace(
            dataset,
            train=features.table(dataset.train, schema, fitted.known),
            holdout=features.table(dataset.holdout, schema),
            test=None if dataset.test is None else features.table(dataset.test, schema),
            schema=features.flat(schema),
        )
        return Featured(self.inner.fit(flat, params, progress), schema, features)

    def quicker(self, params: Mapping[str, Any], model: Featured | None, part: float) -> dict[str, Any] | None:
        return self.inner.quicker(params, None if model is None else model.inner, part)

    def predict(self, model: Featured, table: pa.Table) -> pa.Table:
        return self.inner.predict(model.inner, self._flat(model, table))

    def predict_numbers(self, model: Featured, numbers: Matrix, schema: Schema) -> pa.Table | Numbers | None:
        return self.inner.predict_numbers(model.inner, numbers, schema) if model.schema is None else None

    def told(self, model: Featured, rows: pa.Table) -> pa.Table | None:
        # The fit has seen other rows, of the numbers that come of these.
        return self.inner.told(model.inner, rows) if model.schema is None else None

    def news(self, model: Featured) -> str:
        return self.inner.news(model.inner)

    def explain(self, model: Featured, table: pa.Table) -> pa.Table:
        found = self.inner.explain(model.inner, self._flat(model, table))
        return found if model.schema is None else _summed(found, model.schema, model.features)

    def importance(self, model: Featured) -> dict[str, float]:
        found = self.inner.importance(model.inner)
        if model.schema is None or not found:
            return found
        parts = {column.name: model.features.names(column) for column in model.schema.columns}
        return {name: sum(found.get(part, 0.0) for part in names) for name, names in parts.items()}

    def params_used(self, model: Featured) -> dict[str, Any]:
        return self.inner.params_used(model.inner)

    def dump(self, model: Featured) -> bytes:
        data = self.inner.dump(model.inner)
        if model.schema is None:
            return data
        return _MAGIC + msgspec.json.encode(_Header(model.schema, model.features)) + b"\n" + data

    def load(self, data: bytes) -> Featured:
        if not data.startswith(_MAGIC):
            return Featured(self.inner.load(data))
        head, _, rest = data.removeprefix(_MAGIC).partition(b"\n")
        try:
            header = msgspec.json.decode(head, type=_Header)
        except msgspec.DecodeError as error:
            raise EstimatorFailed(f"the stored model cannot be read: {error}; train it again") from error
        return Featured(self.inner.load(rest), header.schema, header.features)

    def parts(self, data: bytes) -> dict[str, bytes]:
        if not data.startswith(_MAGIC):
            return self.inner.parts(data)
        head, newline, rest = data.removeprefix(_MAGIC).partition(b"\n")
        return {"features": _MAGIC + head + newline, **self.inner.parts(rest)}

    def onnx(self, model: Featured) -> OnnxModel:
        if model.schema is not None:
            raise InvalidField("numbers are made of the dates and texts of this model; take the zip along").at(POINTER)
        return to_onnx(self.inner, model.inner)

    def _flat(self, model: Featured, table: pa.Table) -> pa.Table:
        return table if model.schema is None else model.features.table(table, model.schema)


def with_features(estimator: Estimator[Any]) -> Estimator[Any]:
    """The estimator, which need not take dates and text."""
    return estimator if estimator.raw >= WithFeatures.raw else WithFeatures(estimator)


def _summed(explanation: pa.Table, schema: Schema, features: Features) -> pa.Table:
    """What each of the schema's columns adds, of what each of its numbers does."""
    columns: dict[str, Any] = {}
    for index in range(len(schema.classes) if schema.problem == "multiclass" else 1):
        mark = f"_{index}" if schema.problem == "multiclass" else ""
        columns |= {f"{name}{mark}": explanation.column(f"{name}{mark}") for name in ("raw", "base")}
        for column in schema.columns:
            parts = [explanation.column(f"contribution{mark}_{name}") for name in features.names(column)]
            columns[f"contribution{mark}_{column.name}"] = np.sum([part.to_numpy() for part in parts], axis=0)
    return pa.table(columns)
