"""A model of LightGBM in the form of ONNX, by onnxmltools.

It has one input, `columns`, of float32: a row of the schema's columns in order for each row, with categories as their
places in the schema's list and NaN for what is missing.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators.onnx_form import POINTER, OnnxModel
from tasks.tables.columns import Schema

#: The name of the input.
INPUT: Final = "columns"
#: Of each feature so many of the largest thresholds are tried.
_THRESHOLDS: Final = 20
#: In a text: what is split on, at what, and how; a tree has a line of each. The first bit of the last says category.
_SPLITS: Final = re.compile(
    r"^split_feature=(.*)$\n(?:.*\n)*?threshold=(.*)$\n(?:.*\n)*?decision_type=(.*)$", re.MULTILINE
)
_CATEGORY: Final = 1


def convert(booster: Any, schema: Schema, matrix: Any) -> OnnxModel:
    """The model; `matrix`: what makes its numbers of a conformed table. Raises ImportError where onnxmltools is
    missing, InvalidField for what it cannot convert."""
    import onnxmltools
    from onnxmltools.convert.common.data_types import FloatTensorType

    made = [column.name for column in schema.columns if column.type in ("date", "text")]
    if made:
        raise InvalidField(
            f"the form onnx has columns of numbers alone, and several are made of {', '.join(map(repr, made))};"
            " take the zip along"
        ).at(POINTER)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made_model = onnxmltools.convert_lightgbm(
                booster,
                name="model",
                initial_types=[(INPUT, FloatTensorType([None, len(schema.columns)]))],
                zipmap=False,
            )
    except Exception as error:
        # The converter raises whatever it stumbles over.
        raise InvalidField(f"onnxmltools cannot convert this model: {error}; take the zip along").at(POINTER) from error

    def feed(table: pa.Table) -> Mapping[str, npt.NDArray[Any]]:
        return {INPUT: np.asarray(matrix(table), dtype=np.float32)}

    thresholds = _thresholds(booster.model_to_string())
    return OnnxModel(
        made_model.SerializeToString(deterministic=True), feed, lambda table: _harder(table, schema, thresholds)
    )


def _thresholds(text: str) -> dict[int, list[float]]:
    """The largest thresholds of each feature that is a number."""
    found: dict[int, set[float]] = {}
    for features, values, kinds in _SPLITS.findall(text):
        for feature, value, kind in zip(features.split(), values.split(), kinds.split(), strict=True):
            if not int(kind) & _CATEGORY:
                found.setdefault(int(feature), set()).add(float(value))
    return {feature: sorted(values, key=abs)[-_THRESHOLDS:] for feature, values in found.items()}


def _harder(table: pa.Table, schema: Schema, thresholds: Mapping[int, list[float]]) -> pa.Table:
    """The rows, with whole numbers on both sides of thresholds: what is the same number to a float32 goes one way."""
    parts = []
    for feature, values in thresholds.items():
        column = schema.columns[feature]
        if column.type != "number":
            continue
        beside = [side for value in values for side in (np.floor(value), np.ceil(value))]
        rows = table.take(pa.array(np.arange(len(beside)) % table.num_rows))
        parts.append(rows.set_column(feature, rows.schema.field(feature), pa.array(beside, pa.float64())))
    return pa.concat_tables([table, *parts])
