"""How numbers are spread, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.planning.blocks import Matrix, each_block
from tasks.tables.planning.number_figures import NumberFigures, number_figures
from tasks.tables.planning.sampling import sampled

#: Which quantiles are kept, and which of them is the median.
QUANTILES: Final = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
MEDIAN: Final = QUANTILES.index(0.5)


@dataclass(frozen=True, slots=True)
class NumberStatistics:
    """An entry for each column; NaN where it has no number."""

    figures: NumberFigures
    #: Of the sampled rows: a row for each of QUANTILES.
    quantiles: npt.NDArray[np.float64]
    #: How many different numbers the sampled rows have.
    distinct: npt.NDArray[np.int64]

    def medians(self) -> Iterator[float | None]:
        """The median of each column."""
        return (None if np.isnan(value) else float(value) for value in self.quantiles[MEDIAN])


def number_statistics(table: pa.Table, names: Sequence[str]) -> NumberStatistics:
    """The statistics of these columns: missing, least and greatest of all rows, the rest of a sample."""
    parts = each_block(lambda _, matrix: _spread(matrix), sampled(table.select(list(names))), names)
    quantiles = np.concatenate([part[0] for part in parts] or [np.empty((len(QUANTILES), 0))], axis=1)
    distinct = np.concatenate([part[1] for part in parts] or [np.empty(0, np.int64)])
    return NumberStatistics(number_figures(table, names), quantiles, distinct)


def _spread(matrix: Matrix) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Quantiles, linear between two numbers, and how many differ. The matrix is sorted."""
    rows, width = matrix.shape
    if not rows:
        return np.full((len(QUANTILES), width), np.nan), np.zeros(width, np.int64)
    matrix.sort(axis=0)
    present = rows - np.isnan(matrix).sum(axis=0)
    places = np.outer(QUANTILES, np.maximum(present - 1, 0))
    below = np.floor(places).astype(np.int64)
    columns = np.arange(width)
    low, high = matrix[below, columns], matrix[np.minimum(below + 1, np.maximum(present - 1, 0)), columns]
    steps = np.diff(matrix, axis=0) > 0
    return low + (high - low) * (places - below), steps.sum(axis=0) + (present > 0)
