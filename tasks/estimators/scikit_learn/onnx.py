"""A pipeline of scikit-learn in the form of ONNX, by skl2onnx: an input for each column of the schema, by its name."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.onnx_form import POINTER, OnnxModel
from tasks.estimators.scikit_learn.frame import Frame
from tasks.estimators.scikit_learn.library import computing
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.tables.columns import Column, Schema

_Array = npt.NDArray[Any]


def convert(model: ScikitModel) -> OnnxModel:
    """The pipeline. Each input has one column: float32 for numbers and booleans, with NaN for what is missing, text for
    the others, with "" for it. Raises ImportError where skl2onnx is missing, InvalidField for what it cannot
    convert."""
    import skl2onnx
    from skl2onnx.common.data_types import FloatTensorType, StringTensorType

    schema = model.schema
    kinds = [
        (column.name, (FloatTensorType if _is_number(column) else StringTensorType)([None, 1]))
        for column in schema.columns
    ]
    options = {"zipmap": False} if schema.classes else None
    try:
        with warnings.catch_warnings(), computing(1):
            warnings.simplefilter("ignore")
            made = skl2onnx.to_onnx(model.pipeline, name="model", initial_types=kinds, options=options)
    except Exception as error:
        # The converter raises whatever it stumbles over.
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0]}"[:400]
        raise InvalidField(f"skl2onnx cannot convert this model: {reason}; take the zip along").at(POINTER) from error
    return OnnxModel(made.SerializeToString(deterministic=True), lambda table: _fed(table, schema), lambda table: table)


def _is_number(column: Column) -> bool:
    return column.type in ("number", "boolean")


def _fed(table: pa.Table, schema: Schema) -> Mapping[str, _Array]:
    frame = Frame(table, schema)
    return {column.name: _values(frame.take([place], axis=1), column) for place, column in enumerate(schema.columns)}


def _values(found: _Array, column: Column) -> _Array:
    if _is_number(column):
        return found.astype(np.float32)
    return np.array([["" if value is None else value] for (value,) in found.tolist()], dtype=object).reshape(-1, 1)
