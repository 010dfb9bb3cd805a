"""Columns of numbers that stay what they are, found many at a time: tables may have 100,000 of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.side_by_side import FEW, each

#: Most rows of a table whose columns are looked at together, and how many columns are.
_ROWS: Final = 10_000
_CELLS: Final = 1_000_000
#: Fewer columns are looked at one by one.
_COLUMNS: Final = 100
_FLOAT: Final = pa.float64().id

Matrix = npt.NDArray[np.float64]


def fractional(table: pa.Table) -> frozenset[int]:
    """The places of float64 columns, of a table of few rows and many columns, in which no value is missing and one is
    not whole."""
    return _marked(table, lambda matrix: (np.floor(matrix) != matrix).any(axis=0) & ~np.isnan(matrix).any(axis=0))


def complete(table: pa.Table) -> frozenset[int]:
    """The places of such columns in which no value is missing."""
    return _marked(table, lambda matrix: ~np.isnan(matrix).any(axis=0))


def within(table: pa.Table, most: float) -> frozenset[int]:
    """The places of such columns in which no value is missing and each, whatever its sign, is less than that."""
    return _marked(table, lambda matrix: (matrix < most).all(axis=0) & (matrix > -most).all(axis=0))


def _marked(table: pa.Table, mark: Callable[[Matrix], Any]) -> frozenset[int]:
    places = [place for place, kind in enumerate(table.schema.types) if kind.id == _FLOAT]
    if not 0 < table.num_rows <= _ROWS or len(places) < _COLUMNS:
        return frozenset()
    width = _CELLS // table.num_rows

    def of_part(start: int) -> list[int]:
        part = places[start : start + width]
        (batch,) = table.select(part).combine_chunks().to_batches()
        matrix = batch.to_tensor(null_to_nan=True, row_major=False).to_numpy()
        found: list[int] = np.array(part)[mark(matrix)].tolist()
        return found

    return frozenset(chain.from_iterable(each(of_part, range(0, len(places), width), threads=FEW)))
