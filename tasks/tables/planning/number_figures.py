"""What is known of columns of numbers after one look at all of their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.checks import LARGEST
from tasks.tables.planning.blocks import Matrix, each_block
from tasks.tables.schema import numbers

#: From so many rows on a column is a block of its own.
_TALL: Final = 10_000


@dataclass(frozen=True, slots=True)
class NumberFigures:
    """An entry for each column. Numbers out of range count as missing; `low` and `high` are NaN where none is left."""

    names: list[str]
    missing: npt.NDArray[np.int64]
    out_of_range: npt.NDArray[np.int64]
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]


def number_figures(table: pa.Table, names: Sequence[str]) -> NumberFigures:
    """The figures of these columns."""
    parts = _parts(table, names) or [_figures(np.empty((0, 0)))]
    missing, outside, low, high = (np.concatenate(part) for part in zip(*parts, strict=True))
    return NumberFigures(list(names), missing.astype(np.int64), outside.astype(np.int64), low, high)


def _parts(table: pa.Table, names: Sequence[str]) -> list[tuple[npt.NDArray[np.float64], ...]]:
    if table.num_rows < _TALL:
        return each_block(lambda _, matrix: _figures(matrix), table, names)
    # Long columns are looked at where they are.
    return [_figures(numbers(table.column(name)).reshape(-1, 1)) for name in names]


def _figures(matrix: Matrix) -> tuple[npt.NDArray[np.float64], ...]:
    width = matrix.shape[1]
    if not matrix.size:
        nothing = np.full(width, np.nan)
        return np.zeros(width), np.zeros(width), nothing, nothing
    low, high = matrix.min(axis=0), matrix.max(axis=0)
    missing, outside = np.zeros(width), np.zeros(width)
    # NaN comes out of min and max where there is one.
    for index in np.flatnonzero(~((low >= -LARGEST) & (high <= LARGEST))):
        column = matrix[:, index]
        nan = np.isnan(column)
        good = column[np.abs(column) <= LARGEST]
        missing[index] = len(column) - len(good)
        outside[index] = missing[index] - nan.sum()
        low[index], high[index] = (good.min(), good.max()) if len(good) else (np.nan, np.nan)
    return missing, outside, low, high
