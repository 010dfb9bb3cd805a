"""On which lines of a CSV its rows begin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from tasks.tables.csv_size import count
from tasks.tables.reading.csv_quotes import CR, LF, field_quotes, inside_quotes


def lines_of(
    data: bytes, *, rows: int, delimiter: str, header: int, empty: bool, before: int
) -> Callable[[Sequence[int]], list[int]]:
    """What finds the lines of so many rows, as `Lines` does. Where each record is a line it lets the text go, which
    may be as large as the table."""
    ends = count(data, b"\n") + (not data.endswith(b"\n"))
    if ends == header + rows:
        first = header + before + 1
        return lambda wanted: [first + row for row in wanted if row < rows]
    return Lines(data, delimiter=delimiter, header=header, empty=empty, before=before)


class Lines:
    """Finds lines when it is first asked, which takes as long as to look at every byte."""

    def __init__(self, data: bytes, *, delimiter: str, header: int, empty: bool, before: int) -> None:
        """`header`: records above the rows; `empty`: an empty line is a row; `before`: lines that were taken off."""
        self._data, self._delimiter = data, delimiter
        self._header, self._empty, self._before = header, empty, before
        self._found: npt.NDArray[np.int64] | None = None

    def __call__(self, rows: Sequence[int]) -> list[int]:
        """The lines, counted from 1, of rows counted from 0; less of them if there are less rows."""
        if self._found is None:
            self._found = self._starts()[self._header :]
        return [int(self._found[row]) + self._before for row in rows if row < len(self._found)]

    def record(self, number: int) -> int:
        """The line of a record of the file, counted from 0, the header included."""
        found = self._starts()
        return int(found[min(number, len(found) - 1)]) + self._before

    def _starts(self) -> npt.NDArray[np.int64]:
        whole = np.frombuffer(self._data, np.uint8)
        feeds = np.flatnonzero(whole == LF)
        if not len(whole) or whole[-1] != LF:
            feeds = np.append(feeds, len(whole))
        lines = np.arange(1, len(feeds) + 1)
        ends = np.ones(len(feeds), dtype=bool)
        if b'"' in self._data:
            quotes = np.concatenate([np.zeros(0, np.int64), *field_quotes(self._data, self._delimiter)])
            ends = ~inside_quotes(feeds, quotes)
        # A record begins on the line after the one that ended the last.
        begins = np.concatenate(([True], ends[:-1])) if len(ends) else ends
        starts, first = np.concatenate(([0], feeds[:-1] + 1))[begins], lines[begins]
        if self._empty:
            return np.asarray(first)
        stops = feeds[ends] if ends[-1] else np.append(feeds[ends], len(whole))
        size = stops - starts
        blank = (size == 0) | ((size == 1) & (whole[np.minimum(starts, len(whole) - 1)] == CR))
        return np.asarray(first[~blank])
