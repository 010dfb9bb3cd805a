"""Conformed rows that are predicted at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Final, Protocol, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: Rows, each of which has a number for each column.
Numbers = npt.NDArray[np.float64]


class ComingNumbers(Protocol):
    """The same, which are made when they are asked for, by any thread."""

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""

    def part(self, start: int, stop: int) -> Numbers:
        """Some of the rows. What it raises is nobody's fault: the rows are to be had another way."""


#: Either of them.
Matrix = Numbers | ComingNumbers

#: Most rows that are made numbers for this: more are worth a table, whose parts several threads take.
MOST_NUMBERS_ROWS: Final = 511


class Batch:
    """A table; few rows without dates and text, and rows that came as numbers, also as a matrix. Each is made once it
    is asked for.

    They are predicted as a matrix in less time than it takes to make a table of them, and numbers of that again.
    """

    def __init__(
        self,
        rows: int,
        table: Callable[[], pa.Table],
        numbers: Callable[[], Matrix] | None = None,
        head: Callable[[int], pa.Table] | None = None,
    ) -> None:
        """What makes the `table` and the `numbers` of so many `rows`, in the order of the schema's columns: categories
        as codes, booleans as 0 and 1, NaN for what is missing. `head`: what makes a table of the first rows, where that
        costs less than to make it of all."""
        self._rows, self._make_table, self._make_numbers, self._make_head = rows, table, numbers, head

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
    def numbers(self) -> Matrix | None:
        """The rows as a matrix, row after row, if they lie so."""
        return self._make_numbers() if self._make_numbers is not None else None

    def head(self, count: int) -> pa.Table:
        """The first rows, at most so many, as a table."""
        return self._make_head(count) if self._make_head is not None else self.table.slice(0, count)
