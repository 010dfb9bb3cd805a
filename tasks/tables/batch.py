"""Conformed rows that are predicted at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Numbers = npt.NDArray[np.float64]

#: Most rows that lie as numbers: more are worth a table, whose parts several threads take.
MOST_NUMBERS_ROWS: Final = 511


class Batch:
    """A table; few rows without dates and text also as a matrix. Each is made once it is asked for.

    They are predicted as a matrix in less time than it takes to make a table of them, and numbers of that again.
    """

    def __init__(self, rows: int, table: Callable[[], pa.Table], numbers: Callable[[], Numbers] | None = None) -> None:
        """What makes the `table` and the `numbers` of so many `rows`: a row of the matrix a row, in the order of the
        schema's columns: categories as codes, booleans as 0 and 1, NaN for what is missing."""
        self._rows, self._make_table, self._make_numbers = rows, table, numbers

    @classmethod
    def of(cls, table: pa.Table) -> Self:
        """A table that is there."""
        return cls(table.num_rows, lambda: table)

    def __len__(self) -> int:
        """How many rows there are."""
        return self._rows

    @cached_property
    def table(self) -> pa.Table:
        """The rows as a table."""
        return self._make_table()

    @cached_property
    def numbers(self) -> Numbers | None:
        """The rows as a matrix, if they lie so."""
        return self._make_numbers() if self._make_numbers is not None else None
