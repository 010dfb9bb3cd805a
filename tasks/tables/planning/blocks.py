"""Columns of numbers as matrices, so many columns at a time that wide tables need no loop over columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: Values in one matrix (32 MB).
CELLS: Final = 4_000_000

Matrix = npt.NDArray[np.float64]


def blocks(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[int, Matrix]]:
    """(number of the first column, matrix of rows by columns) for these columns of whole numbers and floats, in order.
    What is missing is NaN. The matrices are made for the caller, column after column."""
    if not table.num_rows:
        yield from ((start, np.empty((0, 1))) for start in range(len(names)))
        return
    places = {name: index for index, name in enumerate(table.column_names)}
    width = max(1, CELLS // table.num_rows)
    for start in range(0, len(names), width):
        part = table.select([places[name] for name in names[start : start + width]])
        yield start, _matrix(part)


def _matrix(part: pa.Table) -> Matrix:
    if part.num_columns == 1:
        return np.array(part.column(0).to_numpy(), dtype=np.float64).reshape(-1, 1)
    (batch,) = part.combine_chunks().to_batches()
    found = batch.to_tensor(null_to_nan=True, row_major=False).to_numpy()
    return np.require(found, np.float64, ["F", "W"])
