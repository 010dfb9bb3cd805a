"""Whether an answer is what the contract promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.conformance.remarks import Remark, fault
from tasks.tables.columns import Schema
from tasks.tables.schema import target_type

#: By how much the probabilities of a row may miss 1.
SUM_OFF: Final = 1e-3


def faults_of(answer: Any, schema: Schema, *, rows: int) -> Iterator[Remark]:
    """What is wrong with the answer for so many rows."""
    if not isinstance(answer, pa.Table):
        yield fault(f"predict returned {type(answer).__name__}", "return a pyarrow.Table with a column `prediction`")
        return
    if answer.num_rows != rows:
        yield fault(
            f"predict returned {answer.num_rows} rows for {rows}",
            "give one row for each that was asked for, in order, whatever is missing in it",
        )
    if "prediction" not in answer.column_names:
        yield fault(f"the columns are {answer.column_names}", "call the column of predictions `prediction`")
        return
    yield from _predictions(answer.column("prediction"), schema)
    if schema.classes:
        yield from _probabilities(answer, schema)


def _predictions(values: pa.ChunkedArray, schema: Schema) -> Iterator[Remark]:
    expected = target_type(schema)
    if values.type != expected:
        yield fault(
            f"prediction is of type {values.type}, and the target of type {expected}",
            f"give the values as the target has them: pa.array(values, pa.{_maker(expected)}())",
        )
        return
    if schema.classes:
        strange = sorted({str(value) for value in values.to_pylist() if value not in schema.classes})
        if strange:
            yield fault(
                f"predict gives classes that the target does not have: {', '.join(strange[:3])}",
                "give values out of the schema's `classes`",
            )
    elif (wrong := _not_finite(values)) is not None:
        yield fault(
            f"predict gives NaN, infinity or nothing, first for row {wrong}",
            "give a number for each row, also where features are missing: fill them in, or refuse them in fit",
        )


def _probabilities(answer: pa.Table, schema: Schema) -> Iterator[Remark]:
    names = [f"probability_{index}" for index in range(len(schema.classes))]
    if missing := [name for name in names if name not in answer.column_names]:
        yield fault(
            f"there is no column {missing[0]}",
            "give the chance of each of the schema's `classes`, in their order, as probability_0, probability_1, ...",
        )
        return
    for name in names:
        if answer.column(name).type != pa.float64():
            yield fault(f"{name} is of type {answer.column(name).type}", "give probabilities as pa.float64()")
            return
        if (wrong := _not_finite(answer.column(name))) is not None:
            yield fault(f"{name} is NaN or nothing, first for row {wrong}", "give a number from 0 to 1 for each row")
            return
    sums = np.sum([answer.column(name).to_numpy() for name in names], axis=0)
    off = np.abs(sums - 1) > SUM_OFF
    if off.any():
        row = int(off.argmax())
        yield fault(
            f"the probabilities of row {row} add up to {sums[row]:.4g}", "divide them by their sum, so that it is 1"
        )


def _not_finite(values: pa.ChunkedArray) -> int | None:
    """The first row that has no finite number."""
    wrong = ~np.isfinite(values.cast(pa.float64()).to_numpy())
    return int(wrong.argmax()) if wrong.any() else None


def _maker(kind: pa.DataType) -> str:
    return {"double": "float64", "bool": "bool_"}.get(str(kind), str(kind))
