"""Columns of numbers as matrices, so many columns at a time that wide tables need no loop over columns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.side_by_side import FEW, WIDE_COLUMNS, each

#: Values in one matrix (32 MB), and in one of a wide table, of which two are worked on side by side.
CELLS: Final = 4_000_000
WIDE_CELLS: Final = 1_000_000

Matrix = npt.NDArray[np.float64]
Found = TypeVar("Found")


def blocks(table: pa.Table, names: Sequence[str]) -> Iterator[tuple[int, Matrix]]:
    """(number of the first column, matrix of rows by columns) for these columns of whole numbers and floats, in order.
    What is missing is NaN. The matrices are made for the caller, column after column."""
    if not table.num_rows:
        yield from ((start, np.empty((0, 1))) for start in range(len(names)))
        return
    read = _reader(table, names)
    yield from ((start, read(start)) for start in _starts(table, names))


def each_block(work: Callable[[int, Matrix], Found], table: pa.Table, names: Sequence[str]) -> list[Found]:
    """What `work`, which shares nothing, makes of each of the `blocks`, in order; of those of a wide table side by
    side."""
    if not table.num_rows:
        return [work(start, matrix) for start, matrix in blocks(table, names)]
    read, threads = _reader(table, names), FEW if len(names) > WIDE_COLUMNS else 1
    return each(lambda start: work(start, read(start)), _starts(table, names), threads=threads)


def _starts(table: pa.Table, names: Sequence[str]) -> range:
    return range(0, len(names), _width(table, names))


def _width(table: pa.Table, names: Sequence[str]) -> int:
    cells, rows = WIDE_CELLS if len(names) > WIDE_COLUMNS else CELLS, int(table.num_rows)
    return max(1, cells // rows)


def _reader(table: pa.Table, names: Sequence[str]) -> Callable[[int], Matrix]:
    """What makes the matrix whose first column has that number."""
    places = {name: index for index, name in enumerate(table.column_names)}
    width = _width(table, names)
    return lambda start: _matrix(table.select([places[name] for name in names[start : start + width]]))


def _matrix(part: pa.Table) -> Matrix:
    if part.num_columns == 1:
        return np.array(part.column(0).to_numpy(), dtype=np.float64).reshape(-1, 1)
    (batch,) = part.combine_chunks().to_batches()
    found = batch.to_tensor(null_to_nan=True, row_major=False).to_numpy()
    return np.require(found, np.float64, ["F", "W"])
