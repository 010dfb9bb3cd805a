"""Rows that a schema allows, made up: known, unknown and missing values."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.tables.columns import Column, Schema
from tasks.tables.schema import arrow_schema, arrow_type

#: One in so many values is missing where one may be; and one in so many numbers is beyond those of training.
_RARE: Final = 8
#: So many digits a number has, of those in which a column's numbers differ, as numbers in tables have.
_DIGITS: Final = 3
#: Digits behind the point that a number of 64 bits can have.
_MOST_DIGITS: Final = 15
#: Between which numbers values lie where nothing is known of them.
_UNKNOWN: Final = (-1000.0, 1000.0)
#: Days since 1970 between which dates lie.
_DAYS: Final = (0, 20_000)
_MICROSECONDS: Final = 86_400_000_000
_WORDS: Final = ("", "a", "good", "bad news", "ärger über 42 Dinge", "the quick brown fox")


def sample(schema: Schema, rows: int, *, seed: int = 0) -> pa.Table:
    """A conformed table of made up rows; a category that training did not know is missing, as everywhere."""
    rng = np.random.default_rng(seed)
    values = [pa.array(_values(column, rows, rng), arrow_type(column)) for column in schema.columns]
    return pa.Table.from_arrays(values, schema=arrow_schema(schema))


def _values(column: Column, rows: int, rng: np.random.Generator) -> list[Any]:
    made: list[Any]
    if column.type == "number":
        made = _numbers(column, rows, rng)
    elif column.type == "boolean":
        made = [bool(value) for value in rng.integers(2, size=rows)]
    elif column.type == "category":
        made = [column.categories[place] for place in rng.integers(len(column.categories), size=rows)]
    elif column.type == "date":
        made = [int(day) * _MICROSECONDS for day in rng.integers(*_DAYS, size=rows)]
    else:
        made = [_WORDS[place] for place in rng.integers(len(_WORDS), size=rows)]
    if not (column.nullable or column.type == "category"):
        return made
    missing = rng.integers(_RARE, size=rows) == 0
    none = float("nan") if column.type == "number" else None
    return [none if gone else value for gone, value in zip(missing, made, strict=True)]


def _numbers(column: Column, rows: int, rng: np.random.Generator) -> list[float]:
    low, high = (column.min, column.max) if column.min is not None and column.max is not None else _UNKNOWN
    span = (high - low) or 1.0
    # Most of them as in training; some beyond, and whole.
    found = rng.uniform(low - span / _RARE, high + span / _RARE, size=rows)
    whole = rng.integers(2, size=rows) == 0
    digits = min(_DIGITS - int(np.floor(np.log10(span))), _MOST_DIGITS)
    return [float(value) for value in np.where(whole, np.round(found), np.round(found, digits))]
