"""Columns of a CSV that look like numbers and may be none: 007, 0x1F, +49, whole numbers that a double would round."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.doubles import EXACT

#: Looked at together (bytes): what a core's cache holds.
PART_BYTES: Final = 256 * 1024
#: Digits of the shortest whole number that a double may round.
_LONG: Final = 16
#: What is no plain number where a field begins.
_DOUBTFUL: Final = r"^[ \t]*(?:\+|-?[ \t]*0[0-9xX])"
_WHOLE: Final = rf"^[ \t]*[-+]?[0-9]{{{_LONG},}}[ \t]*$"

#: The last sign of ASCII that may stand between the start of a field and its first digit.
_LAST_LEAD: Final = ord("-")

Bytes = npt.NDArray[np.uint8]


def may_hold_doubtful(data: bytes, delimiter: str) -> bool:
    """Whether a field somewhere begins with +, or with 0 and a further digit or x; if not, no column does. May say yes
    where none does."""
    whole = np.frombuffer(data, np.uint8)
    mark = ord(delimiter)
    for start in range(2, len(whole) - 1, PART_BYTES):
        end = min(start + PART_BYTES, len(whole) - 1)
        here, before, after = whole[start:end], whole[start - 1 : end - 1], whole[start + 1 : end + 1]
        # What may stand before a number is among the first signs of ASCII, and little else is.
        early = whole[start - 2 : end - 1] <= _LAST_LEAD
        # Where a field begins; or behind a blank or a minus, before which another such sign is.
        begins = (before == mark) | (before == ord("\n")) | (before == ord('"')) | (early[1:] & early[:-1])
        if mark > _LAST_LEAD:
            begins |= early[1:] & (whole[start - 2 : end - 2] == mark)
        # Wraps below the digit 0, so that one comparison is enough.
        based = ((after - np.uint8(ord("0"))) < 10) | ((after | np.uint8(32)) == ord("x"))
        if (begins & (((here == ord("0")) & based) | (here == ord("+")))).any():
            return True
    return False


def has_long_numbers(data: bytes) -> bool:
    """Whether so many digits stand together somewhere that a double may round the whole number that they are."""
    whole = np.frombuffer(data, np.uint8)
    for start in range(0, len(whole), PART_BYTES):
        runs = (whole[start : start + PART_BYTES + _LONG] - np.uint8(ord("0"))) < 10
        length = 1
        while length < _LONG:
            runs = runs[:-length] & runs[length:]
            length *= 2
        if runs.any():
            return True
    return False


def are_doubtful(values: pa.ChunkedArray) -> bool:
    """Whether one of these texts looks like a number with leading zeros, a plus, or in another base."""
    return bool(pc.any(pc.match_substring_regex(values, _DOUBTFUL)).as_py())


def is_beyond(values: pa.ChunkedArray) -> bool:
    """Whether doubles may have been rounded from whole numbers: one is at least 2^53."""
    if not pa.types.is_floating(values.type) or values.null_count == len(values):
        return False
    # Much less than Arrow's min_max costs, of which a wide table has 100,000.
    for chunk in values.chunks:
        sizes = np.abs(chunk.to_numpy(zero_copy_only=False))
        top = np.fmax.reduce(sizes, initial=0.0)
        if (top if top < np.inf else np.max(sizes, where=sizes < np.inf, initial=0.0)) >= EXACT:
            return True
    return False


def are_long(values: pa.ChunkedArray) -> bool:
    """Whether one of these texts is a whole number of so many digits that a double rounds it."""
    return bool(pc.any(pc.match_substring_regex(values, _WHOLE)).as_py())
