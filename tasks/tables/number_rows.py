"""Large JSON bodies of rows that are lists of numbers, `{"rows": [[1.5, null], ...]}`: read by simdjson, which makes
doubles of them at once, where a decoder makes an object of each number.

What is not such a body is None here, and is for others to read and to find words for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
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


class NumberRows(NamedTuple):
    """What was read."""

    #: NaN where a value is null.
    numbers: Numbers
    #: The least and the largest number of each column; NaN for one in which a value is missing.
    least: Numbers
    most: Numbers


def number_rows(body: bytes, width: int, bounds: Bounds) -> NumberRows | None:
    """The rows of such a body with `width` columns.

    None for a body of any other form, one with numbers that are out of range or whole and beyond 64 bits, and one of
    which more would be made than `bounds` allow. Whether values may be missing is not looked at. As for most readers of
    JSON, -0 is a whole number, whose sign is lost, and -0.0 is none.
    """
    beginning = _BEGINNING.match(body)
    end = _END.search(body, max(0, len(body) - _END_BYTES))
    if not width or beginning is None or end is None or beginning.end() >= end.start():
        return None
    # A bracket opens each row, one more all of them.
    rows = _count(body, b"[") - 1
    if rows * width * CELL_BYTES > bounds.bytes:
        return None
    from simdjson import Parser

    parser, numbers, extremes = Parser(), np.empty((rows, width)), list[tuple[Numbers, Numbers]]()
    filled = 0
    for piece in _pieces(body, beginning.end(), end.start()):
        found = _read(parser, piece, width)
        if found is None or filled + len(found.numbers) > rows:
            return None
        numbers[filled : filled + len(found.numbers)] = found.numbers
        filled += len(found.numbers)
        extremes.append(found[1:])
    if filled < rows:
        return None
    least, most = zip(*extremes, strict=True)
    return NumberRows(numbers, np.minimum.reduce(least), np.maximum.reduce(most))


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


def _read(parser: Parser, piece: bytes, width: int) -> NumberRows | None:
    """The rows of a piece; None if they are not lists of so many numbers in range. A list in the place of a number is
    not noticed where there are as many numbers in all (findings/pysimdjson-arrays-as-buffers.sh)."""
    # Looked for, one sign takes a tenth of the time in which it is counted. If it is in anything else, that is refused.
    nulls = piece.count(b"n") if b"n" in piece else 0
    if nulls:
        piece = piece.replace(_NULL, _WRITTEN_MARK)
    try:
        rows: Any = parser.parse(piece)
        if set(map(len, rows)) != {width}:
            return None
        found = np.frombuffer(rows.as_buffer(of_type="d"), np.float64)
    except (ValueError, TypeError, RuntimeError):
        return None
    if len(found) != len(rows) * width:
        return None
    numbers = found.reshape(-1, width)
    least, most = _reduced(np.minimum, numbers), _reduced(np.maximum, numbers)
    # Not so of NaN either.
    if not (least.min() >= -LARGEST and most.max() <= LARGEST):
        return None
    if nulls:
        marked = numbers == _MARK
        if np.count_nonzero(marked) != nulls:
            return None
        numbers[marked] = np.nan
        least[marked.any(axis=0)] = most[marked.any(axis=0)] = np.nan
    return NumberRows(numbers, least, most)


def _reduced(ufunc: np.ufunc, matrix: Numbers) -> Numbers:
    """What such a function makes of each column. Long rows are reduced in a third of the time of short ones: many rows
    count as one first."""
    whole, width = len(matrix) // _FOLD * _FOLD, matrix.shape[1]
    folded = ufunc.reduce(matrix[:whole].reshape(-1, _FOLD * width), axis=0) if whole else np.empty(0)
    found: Numbers = ufunc.reduce(np.concatenate([folded.reshape(-1, width), matrix[whole:]]), axis=0)
    return found
