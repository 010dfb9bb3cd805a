"""Estimators in plain Python: rows are dicts, answers are lists, and a model is what JSON can hold."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tasks.errors import EstimatorFailed
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.tables.columns import Schema
from tasks.tables.schema import target_type

#: A row by the names of its columns: numbers, True and False, text, datetimes; None for what is missing.
Row = dict[str, Any]
#: The format of dumped models.
_FORMAT: Final = 1


class Learned(msgspec.Struct, frozen=True):
    """What `fit_rows` returned, and the schema of its rows. Survives `msgspec.json`."""

    format: int
    schema: Schema
    model: Any


class OfRows(Estimator[Learned]):
    """An estimator that has `fit_rows` and `predict_rows`. It sees text, categories and dates as they are.

    What that costs: some microseconds a value. For tables of millions of rows derive from `Estimator`, whose tables are
    Arrow's.
    """

    raw = frozenset({"date", "text"})

    @abstractmethod
    def fit_rows(self, rows: list[Row], answers: list[Any], params: Any, progress: Progress) -> Any:
        """A model, of dicts, lists, text, numbers and None. May call `progress(number, most)` after each iteration.

        `answers`: the target of each row. Raises InvalidParams for params that do not fit the data.
        """

    @abstractmethod
    def predict_rows(self, model: Any, rows: list[Row]) -> Sequence[Any]:
        """The answer for each row: a number; where the target has classes one of them, or a dict of the chance of each.

        The answer for a row does not depend on the other rows.
        """

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> Learned:
        """The model of the rows. Raises EstimatorFailed for one that JSON cannot hold."""
        schema = dataset.schema
        answers = dataset.train.column(schema.target).to_pylist()
        found = self.fit_rows(rows_of(dataset.train, schema), answers, params, progress)
        progress(1, 1, {})
        try:
            # As it will be when it is loaded: a tuple is a list then, and keys are text.
            kept = msgspec.json.decode(msgspec.json.encode(found))
        except (TypeError, ValueError) as error:
            raise EstimatorFailed(f"fit_rows returned what JSON cannot hold: {error}") from error
        return Learned(_FORMAT, schema, kept)

    def predict(self, model: Learned, table: pa.Table) -> pa.Table:
        """As the contract says. Raises EstimatorFailed for another number of answers."""
        found = list(self.predict_rows(model.model, rows_of(table, model.schema)))
        if len(found) != table.num_rows:
            raise EstimatorFailed(f"predict_rows returned {len(found)} answers for {table.num_rows} rows")
        if not model.schema.classes:
            return pa.table({"prediction": pa.array(found, pa.float64())})
        return _classes(found, model.schema)

    def dump(self, model: Learned) -> bytes:
        """JSON."""
        return msgspec.json.encode(model)

    def load(self, data: bytes) -> Learned:
        """The model. Raises EstimatorFailed if these are no bytes that `dump` made."""
        try:
            return msgspec.json.decode(data, type=Learned)
        except msgspec.DecodeError as error:
            raise EstimatorFailed(f"the stored model cannot be read: {error}; train it again") from error


def rows_of(table: pa.Table, schema: Schema) -> list[Row]:
    """The features of a conformed table, row by row."""
    columns = []
    for name in schema.names:
        values = table.column(name).to_pylist()
        # A missing number is NaN, the only value that is not itself.
        columns.append([None if value != value else value for value in values])
    return [dict(zip(schema.names, values, strict=True)) for values in zip(*columns, strict=True)]


def _classes(answers: list[Any], schema: Schema) -> pa.Table:
    index = {value: place for place, value in enumerate(schema.classes)}
    chances = np.zeros((len(answers), len(schema.classes)))
    for row, answer in enumerate(answers):
        for value, chance in answer.items() if isinstance(answer, Mapping) else ((answer, 1.0),):
            if value not in index:
                raise EstimatorFailed(f"predict_rows returned {value!r} for row {row}, which is none of the classes")
            chances[row, index[value]] = chance
    if (chances.sum(axis=1) <= 0).any():
        raise EstimatorFailed("predict_rows returned a row without a chance for any class")
    chances /= chances.sum(axis=1, keepdims=True)
    given = [schema.classes[place] for place in chances.argmax(axis=1)]
    columns = {f"probability_{place}": chances[:, place] for place in range(len(schema.classes))}
    return pa.table({"prediction": pa.array(given, target_type(schema)), **columns})
