"""Columns whose values can be put in order, as numbers: what histograms and ranges are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.formatting import plain
from tasks.tables.columns import ColumnType
from tasks.tables.schema import numbers

#: Microseconds in a second.
_SECOND: Final = 1_000_000
#: What follows a range of numbers that stand for values of a type.
UNITS: Final[dict[str, str]] = {"text": " characters"}


def ordered(values: pa.ChunkedArray, kind: ColumnType) -> npt.NDArray[np.float64] | None:
    """The number itself, microseconds since 1970 for a date, characters for a text; NaN for what is missing. None for
    types without an order."""
    if kind == "number":
        return numbers(values)
    if kind == "date":
        return numbers(pc.cast(pc.cast(values, pa.int64()), pa.float64(), safe=False))
    if kind == "text":
        return numbers(pc.cast(pc.utf8_length(values), pa.float64()))
    return None


def shown_as(kind: ColumnType) -> Callable[[Any], str]:
    """How such a number is written, without its unit."""
    return _moment if kind == "date" else plain


def _moment(microseconds: Any) -> str:
    seconds = np.datetime64(int(microseconds // _SECOND), "s")
    return str(seconds).replace("T", " ").removesuffix(" 00:00:00")
