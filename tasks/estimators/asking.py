"""What an estimator says of rows, looked at: a class of somebody else may break its word."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.errors import EstimatorFailed
from tasks.estimators.base import Estimator
from tasks.estimators.outcomes import QUANTILE
from tasks.tables.batch import Batch, Numbers
from tasks.tables.checks import listed
from tasks.tables.columns import Schema
from tasks.tables.schema import class_indices, plain, target_type

#: How far a chance may be below 0 or above 1, by rounding.
_ROUNDING: Final = 1e-6


def answers(estimator: Estimator[Any], model: Any, rows: Batch, schema: Schema) -> pa.Table | Numbers:
    """The same for rows that may lie as numbers, which go to an estimator that takes them so; numbers are a column
    `prediction` that is all there is."""
    if estimator.proven and rows.numbers is not None:
        found = estimator.predict_numbers(model, rows.numbers, schema)
        if found is not None:
            return found
    return predictions(estimator, model, rows.table, schema)


def predictions(estimator: Estimator[Any], model: Any, table: pa.Table, schema: Schema) -> pa.Table:
    """As `Estimator.predict` promises, at most `batch_rows` at a time.

    Raises EstimatorFailed, which says how, if the estimator does not keep that promise.
    """
    if estimator.proven:
        return estimator.predict(model, table)
    most = estimator.batch_rows or table.num_rows
    if table.num_rows <= most:
        return _predicted(estimator, model, table, schema)
    parts = (table.slice(start, most) for start in range(0, table.num_rows, most))
    return pa.concat_tables([_predicted(estimator, model, part, schema) for part in parts])


def explanation(estimator: Estimator[Any], model: Any, table: pa.Table, schema: Schema) -> pa.Table:
    """As `Estimator.explain` promises. Raises EstimatorFailed if the estimator does not keep that promise."""
    found = estimator.explain(model, table)
    if not estimator.proven:
        width = (len(schema.columns) + 2) * (len(schema.classes) if schema.problem == "multiclass" else 1)
        if not isinstance(found, pa.Table) or (found.num_rows, found.num_columns) != (table.num_rows, width):
            raise _broken("explain", f"{_shape(found)} where {table.num_rows} rows of {width} columns belong")
    return found


def _predicted(estimator: Estimator[Any], model: Any, table: pa.Table, schema: Schema) -> pa.Table:
    found = estimator.predict(model, table)
    if not isinstance(found, pa.Table):
        raise _broken("predict", f"{type(found).__name__} where a pyarrow.Table with a column 'prediction' belongs")
    if found.num_rows != table.num_rows:
        raise _broken("predict", f"{found.num_rows} rows for {table.num_rows}")
    chances = [f"probability_{index}" for index in range(len(schema.classes))]
    if missing := [name for name in ("prediction", *chances) if name not in found.column_names]:
        remedy = '; say options {"problem": "regression"} if it predicts numbers' if missing[0] in chances else ""
        raise _broken("predict", f"no column {missing[0]!r} but {listed(found.column_names)}{remedy}")
    given = _classes(found, schema) if schema.classes else _numbers(found, "prediction")
    values = {name: _numbers(found, name) for name in chances or _quantiles(found, schema)}
    for name in chances:
        column = values[name]
        wrong = np.flatnonzero((column < -_ROUNDING) | (column > 1 + _ROUNDING))
        if wrong.size:
            raise _broken("predict", f"{column[wrong[0]]:.6g} as {name} of row {wrong[0]}, which is no chance")
    return pa.table({"prediction": given, **values})


def _quantiles(found: pa.Table, schema: Schema) -> list[str]:
    """The names of the columns of quantiles, growing."""
    names = [name for name in found.column_names if name.startswith(QUANTILE) and schema.problem == "regression"]
    try:
        return sorted(names, key=lambda name: float(name.removeprefix(QUANTILE)))
    except ValueError:
        raise _broken("predict", f"columns {listed(names)}; after {QUANTILE!r} comes a number, such as 0.9") from None


def _numbers(found: pa.Table, name: str) -> Any:
    values = found.column(name)
    kind = values.type
    if not (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        raise _broken("predict", f"column {name!r} of type {kind} where numbers belong")
    numbers = np.asarray(plain(values).cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
    wrong = np.flatnonzero(~np.isfinite(numbers))
    if wrong.size:
        raise _broken("predict", f"{numbers[wrong[0]]} in column {name!r} of row {wrong[0]}, which is no number")
    return numbers


def _classes(found: pa.Table, schema: Schema) -> Any:
    values, kind = plain(found.column("prediction")), target_type(schema)
    try:
        values = values.cast(kind)
    except pa.ArrowException as error:
        raise _broken("predict", f"classes of type {values.type} where {kind} belongs") from error
    wrong = np.flatnonzero(class_indices(values, schema) < 0)
    if wrong.size:
        raise _broken("predict", f"{values[int(wrong[0])].as_py()!r} for row {wrong[0]}, which is none of the classes")
    return values


def _broken(method: str, how: str) -> EstimatorFailed:
    return EstimatorFailed(f"the estimator does not keep its contract: {method} returned {how}")


def _shape(found: Any) -> str:
    if not isinstance(found, pa.Table):
        return type(found).__name__
    return f"{found.num_rows} rows of {found.num_columns} columns"
