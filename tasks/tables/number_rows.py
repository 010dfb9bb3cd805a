"""Large JSON bodies of rows that are lists of numbers, `{"rows": [[1.5, null], ...]}`: read by simdjson, which makes
doubles of them at once, where a decoder makes an object of each number.

What is not such a body is for others to read and to find words for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from tasks.tables.batch import Numbers
from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.checks import LARGEST

if TYPE_CHECKING:
    from simdjson import Parser

#: Smaller bodies are read as fast by a decoder (bytes).
LEAST_BYTES: Final = 64 * 1024
#: The body is read in pieces of whole rows (bytes): what is made of one is in the processor's cache when it is looked
#: at, and no other thread waits for longer than one takes, which is a millisecond.
PIECE_BYTES: Final = 512 * 1024
_BEGINNING: Final = re.compile(rb'\s*\{\s*"rows"\s*:\s*\[\s*\[')
_END: Final = re.compile(rb"\]\s*\]\s*\}\s*\Z")
#: What stands between two rows, as programs write it.
_BETWEEN: Final = re.compile(rb"\][ \t\r\n]{0,16},[ \t\r\n]{0,16}\[")
#: How many rows are reduced as one.
_FOLD: Final = 32
#: The end of a body in which its end is looked for (bytes).
_END_BYTES: Final = 256
#: What simdjson reads in the place of null: a number that nobody sends. The blanks part it from all that it may have
#: been written next to. Where it is found more often than there were nulls, it was sent.
_NULL, _MARK = b"null", -7.389056098930650e-203
_WRITTEN_MARK: Final = f" {_MARK!r} ".encode()


class OtherRows(Exception):
    """The body is of another form, which is for others to read and to find words for: numbers that are out of range, or
    whole and beyond 64 bits; rows of other lengths; a value that is missing where none may be; no JSON at all."""


class NumberRows:
    """The rows of such a body, read as they are asked for, by any thread: what they are used for goes on meanwhile.

    As for most readers of JSON, -0 is a whole number, whose sign is lost, and -0.0 is none.
    """

    def __init__(self, pieces: Iterator[bytes], rows: int, nullable: Sequence[bool]) -> None:
        """`pieces`: lists of whole rows, of which there are so many in all; `nullable`: whether a value may be missing,
        for each column."""
        from simdjson import Parser

        self._parser, self._pieces, self._required = Parser(), pieces, ~np.array(nullable)
        # NaN where a value is null.
        self._numbers, self._filled = np.empty((rows, len(nullable))), 0
        self._extremes: list[tuple[Numbers, Numbers]] = []
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        rows, width = self._numbers.shape
        return rows, width

    def part(self, start: int, stop: int) -> Numbers:
        """Some of the rows, NaN where a value is null. Raises OtherRows."""
        stop = min(stop, len(self))
        with self._lock:
            while self._filled < stop:
                try:
                    self._read_on()
                except OtherRows:
                    self._pieces = iter(())
                    raise
        return self._numbers[start:stop]

    def extremes(self) -> tuple[Numbers, Numbers]:
        """The least and the largest number of each column; NaN for one in which a value is missing. Raises
        OtherRows."""
        self.part(0, len(self))
        least, most = zip(*self._extremes, strict=True)
        return np.minimum.reduce(least), np.maximum.reduce(most)

    def _read_on(self) -> None:
        found = _read(self._parser, next(self._pieces, b""), self.shape[1])
        end = self._filled + len(found.numbers)
        if end > len(self) or (end == len(self) and next(self._pieces, b"")):
            raise OtherRows
        if np.isnan(found.least[self._required]).any():
            raise OtherRows
        self._numbers[self._filled : end] = found.numbers
        self._extremes.append((found.least, found.most))
        self._filled = end


def number_rows(body: bytes, nullable: Sequence[bool], bounds: Bounds) -> NumberRows | None:
    """The rows of a body that looks like such a one; None for any other, and one of which more would be made than
    `bounds` allow. `nullable`: whether a value may be missing, for each column."""
    width = len(nullable)
    beginning = _BEGINNING.match(body)
    end = _END.search(body, max(0, len(body) - _END_BYTES))
    if not width or beginning is None or end is None or beginning.end() >= end.start():
        return None
    # A bracket opens each row, one more all of them.
    rows = _count(body, b"[") - 1
    if rows * width * CELL_BYTES > bounds.bytes:
        return None
    return NumberRows(_pieces(body, beginning.end(), end.start()), rows, nullable)


def _count(body: bytes, sign: bytes) -> int:
    """How often a sign is there: in a third of the time that the method of bytes takes, which looks for one after the
    other."""
    whole = np.frombuffer(body, np.uint8)
    steps = range(0, len(whole), PIECE_BYTES)
    return sum(int(np.count_nonzero(whole[at : at + PIECE_BYTES] == sign[0])) for at in steps)


def _pieces(body: bytes, start: int, end: int) -> Iterator[bytes]:
    """Lists of whole rows."""
    whole, first = memoryview(body), _BETWEEN.search(body, start, end)
    between = first[0] if first else b""
    while start < end:
        cut = body.find(between, start + PIECE_BYTES, end) if between else -1
        stop = cut if cut >= 0 else end
        yield b"".join((b"[[", whole[start:stop], b"]]"))
        start = stop + len(between)


class _Piece(NamedTuple):
    numbers: Numbers
    least: Numbers
    most: Numbers


def _read(parser: Parser, piece: bytes, width: int) -> _Piece:
    """The rows of a piece, and the extremes of each column. Raises OtherRows if they are not lists of so many numbers
    in range. A list in the place of a number is not noticed where there are as many numbers in all
    (findings/pysimdjson-arrays-as-buffers.sh)."""
    # Looked for, one sign takes a tenth of the time in which it is counted. If it is in anything else, that is refused.
    nulls = piece.count(b"n") if b"n" in piece else 0
    if nulls:
        piece = piece.replace(_NULL, _WRITTEN_MARK)
    try:
        rows: Any = parser.parse(piece)
        lengths = set(map(len, rows))
        found = np.frombuffer(rows.as_buffer(of_type="d"), np.float64)
    except (ValueError, TypeError, RuntimeError) as error:
        raise OtherRows from error
    if lengths != {width} or len(found) != len(rows) * width:
        raise OtherRows
    numbers = found.reshape(-1, width)
    least, most = _reduced(np.minimum, numbers), _reduced(np.maximum, numbers)
    # Not so of NaN either.
    if not (least.min() >= -LARGEST and most.max() <= LARGEST):
        raise OtherRows
    if nulls:
        marked = numbers == _MARK
        if np.count_nonzero(marked) != nulls:
            raise OtherRows
        numbers[marked] = np.nan
        missing = marked.any(axis=0)
        least[missing] = most[missing] = np.nan
    return _Piece(numbers, least, most)


def _reduced(ufunc: np.ufunc, matrix: Numbers) -> Numbers:
    """What such a function makes of each column. Long rows are reduced in a third of the time of short ones: many rows
    count as one first."""
    whole, width = len(matrix) // _FOLD * _FOLD, matrix.shape[1]
    folded = ufunc.reduce(matrix[:whole].reshape(-1, _FOLD * width), axis=0) if whole else np.empty(0)
    found: Numbers = ufunc.reduce(np.concatenate([folded.reshape(-1, width), matrix[whole:]]), axis=0)
    return found
