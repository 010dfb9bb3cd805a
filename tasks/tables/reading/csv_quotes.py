"""Which quotation marks of a CSV begin and end fields, and which one swallows what comes after it (RFC 4180)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.tables.signs import BACKSLASH, QUOTE

LF: Final = ord("\n")
CR: Final = ord("\r")
#: Looked at together (bytes).
PART_BYTES: Final = 1024 * 1024

Places = npt.NDArray[np.int64]


class StrayQuote(Exception):
    """Raised for a quotation mark that opens a field which does not end as one does."""


def field_quotes(data: bytes, delimiter: str) -> Iterator[Places]:
    """The places of the marks that begin and end quoted fields, in turn, part by part; two in one stand for a mark and
    end and begin one as well. A mark inside a field that is not quoted means itself and is left out.

    Raises StrayQuote, with its line, for a field that never ends, or after whose end more text comes.
    """
    whole = np.frombuffer(data, np.uint8)
    # The marks that opened the field in which a part begins, and that closed the last one.
    opened, closed = -1, -2
    for start in range(0, len(whole), PART_BYTES):
        places = np.flatnonzero(whole[start : start + PART_BYTES] == QUOTE) + start
        if not len(places):
            continue
        # A mark behind one of the part before is told by that.
        divided = opened < 0 and places[0] == start and start > 0 and whole[start - 1] == QUOTE
        if divided or not _regular(whole, places, ord(delimiter), inside=opened >= 0):
            places = _walk(data, places, delimiter=delimiter, opened=opened, closed=closed)
        if (len(places) + (opened >= 0)) % 2:
            opened = int(places[-1]) if len(places) else opened
        elif len(places):
            opened, closed = -1, int(places[-1])
        yield places
    if opened >= 0:
        raise StrayQuote(
            f"line {line_of(data, opened)} of the CSV has a quotation mark that opens a field, and none closes it;"
            ' close it, or write "" for a mark inside of a quoted field'
        )


def line_of(data: bytes, place: int) -> int:
    """The line, counted from 1, in which a byte is."""
    return data.count(b"\n", 0, place) + 1


def inside_quotes(places: Places, quotes: Places) -> npt.NDArray[np.bool_]:
    """Which of these places are inside of quoted fields; `quotes` as `field_quotes` gives them, all together."""
    inside: npt.NDArray[np.bool_] = np.searchsorted(quotes, places) % 2 == 1
    return inside


def unescaped(data: bytes, delimiter: str) -> bytes | None:
    """The text with `""` for each mark that has a backslash before it, as Spark writes them inside of quoted fields;
    None if the text does not become regular by that. It keeps its length."""
    found = np.frombuffer(data, np.uint8).copy()
    places = np.flatnonzero(found == QUOTE)
    places = places[places > 0]
    slashes = np.zeros(len(places), np.int64)
    back = places - 1
    alive = found[back] == BACKSLASH
    while alive.any():
        slashes += alive
        back = np.maximum(back - 1, 0)
        alive &= (found[back] == BACKSLASH) & (places - slashes > 0)
    found[places[slashes % 2 == 1] - 1] = QUOTE
    text = found.tobytes()
    try:
        for _ in field_quotes(text, delimiter):
            pass
    except StrayQuote:
        return None
    return text


def _regular(data: npt.NDArray[Any], places: Places, delimiter: int, *, inside: bool) -> bool:
    """Whether each mark stands where one may: those that open behind a separator, those that close before one."""
    opening, closing = places[int(inside) :: 2], places[1 - int(inside) :: 2]
    before = data[np.maximum(opening - 1, 0)]
    fine = (before == delimiter) | (before == LF) | (before == QUOTE) | (opening == 0)
    # Behind a carriage return a line begins only if it was the end of one.
    if not fine.all():
        return False
    after = data[np.minimum(closing + 1, len(data) - 1)]
    fine = (after == delimiter) | (after == LF) | (after == CR) | (after == QUOTE) | (closing == len(data) - 1)
    return bool(fine.all())


def _walk(data: bytes, places: Places, *, delimiter: str, opened: int, closed: int) -> Places:
    """What `field_quotes` gives of one part, mark by mark."""
    starts, ends = delimiter.encode() + b"\n", delimiter.encode() + b'\r\n"'
    kept: list[int] = []
    inside = opened >= 0
    for place in places.tolist():
        if inside:
            if place + 1 < len(data) and data[place + 1] not in ends:
                raise _swallowing(data, opened, place)
            inside, closed = False, place
        elif place == 0 or data[place - 1] in starts or (data[place - 1] == QUOTE and closed == place - 1):
            inside = True
            opened = opened if closed == place - 1 else place
        else:
            continue
        kept.append(place)
    return np.array(kept, np.int64)


def _swallowing(data: bytes, opened: int, place: int) -> StrayQuote:
    line, other = line_of(data, opened), line_of(data, place)
    where = f"a mark on line {other}" if other != line else "one"
    return StrayQuote(
        f"line {line} of the CSV has a quotation mark that opens a field, and {where} would close it in the middle of"
        ' text; close it before the separator, or write "" for a mark inside of a quoted field'
    )
