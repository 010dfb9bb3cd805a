"""The checked rows of one body, by rows or by columns as they came."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from tasks.tables.conforming.notes import Notes
from tasks.tables.number_rows import NumberRows, OtherRows

#: What comes back with most results beside what is asked for.
_NOTHING: Final[Mapping[str, Any]] = types.MappingProxyType({})


class Rows:
    """The checked rows of one body. `len()` is their number."""

    __slots__ = ("_again", "_columns", "_notes", "_rows", "_tell", "kept", "numbers", "table")

    def __init__(
        self,
        *,
        rows: Sequence[Sequence[Any]] | None = None,
        columns: Sequence[list[Any]] = (),
        table: pa.Table | None = None,
        numbers: NumberRows | None = None,
        kept: Mapping[str, Any] = _NOTHING,
        notes: Notes | None = None,
        tell: Callable[[], Notes] | None = None,
        again: Callable[[], Rows] | None = None,
    ) -> None:
        """`tell`: what makes the notes, once they are asked for; `again`: what reads the body without `numbers`."""
        self._rows = rows
        self._columns = columns
        #: The rows conformed, where that is what was made of the body.
        self.table = table
        #: The rows as numbers, where that is what is made of it.
        self.numbers = numbers
        #: What comes back with the result, by column.
        self.kept = kept
        self._notes, self._tell, self._again = notes, tell, again

    def __len__(self) -> int:
        if self.table is not None:
            return int(self.table.num_rows)
        if self.numbers is not None:
            return len(self.numbers)
        return len(self._columns[0]) if self._rows is None else len(self._rows)

    def settled(self) -> Rows:
        """The rows, all read; another way where `numbers` turn out to be others. Raises as `RowReader.read`."""
        try:
            if self.numbers is not None:
                self.numbers.extremes()
        except OtherRows:
            if self._again is not None:
                return self._again()
            raise
        return self

    @property
    def notes(self) -> Notes | None:
        """What was done with the rows, if there is anything to say."""
        if self._notes is None and self._tell is not None:
            self._notes = self._tell()
        return self._notes

    @notes.setter
    def notes(self, notes: Notes) -> None:
        self._notes = notes

    @property
    def by_columns(self) -> bool:
        """Whether the values lie column by column, so that `columns` costs nothing."""
        return self._rows is None

    @property
    def rows(self) -> Sequence[Sequence[Any]]:
        """The values, row by row, in the schema's order."""
        if self._rows is None:
            self._rows = list(zip(*self._columns, strict=True))
        return self._rows

    @property
    def columns(self) -> Sequence[Sequence[Any]]:
        """The values, column by column, in the schema's order."""
        return self._columns or list[Sequence[Any]](zip(*self.rows, strict=True))
