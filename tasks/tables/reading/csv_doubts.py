"""Columns of a CSV that look like numbers and may be none: 007, 0x1F, +49, whole numbers that a double would round."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: Looked at together (bytes): what a core's cache holds.
PART_BYTES: Final = 256 * 1024
#: Up to here a double tells whole numbers apart.
EXACT: Final = 2.0**53
#: Digits of the shortest whole number that a double may round.
_LONG: Final = 16
#: What is no plain number where a field begins.
_DOUBTFUL: Final = r"^[ \t]*(?:\+|-?[ \t]*0[0-9xX])"
_WHOLE: Final = rf"^[ \t]*[-+]?[0-9]{{{_LONG},}}[ \t]*$"

Bytes = npt.NDArray[np.uint8]


def may_hold_doubtful(data: bytes, delimiter: str) -> bool:
    """Whether a field somewhere begins with +, or with 0 and a further digit or x; if not, no column does. May say yes
    where none does."""
    whole = np.frombuffer(data, np.uint8)
    mark = ord(delimiter)
    for start in range(2, len(whole) - 1, PART_BYTES):
        end = min(start + PART_BYTES, len(whole) - 1)
        here, after = whole[start:end], whole[start + 1 : end + 1]
        # Wraps below the digit 0, so that one comparison is enough.
        zeros = (here == ord("0")) & ((after - np.uint8(ord("0")) < 10) | (after | np.uint8(32) == ord("x")))
        zeros |= here == ord("+")
        places = np.flatnonzero(zeros & _at_start(whole[start - 1 : end - 1], whole[start - 2 : end - 2], mark))
        if len(places):
            return True
    return False


def are_doubtful(values: pa.ChunkedArray) -> bool:
    """Whether one of these texts looks like a number with leading zeros, a plus, or in another base."""
    return bool(pc.any(pc.match_substring_regex(values, _DOUBTFUL)).as_py())


def is_beyond(values: pa.ChunkedArray) -> bool:
    """Whether doubles may have been rounded from whole numbers: one is at least 2^53."""
    if not pa.types.is_floating(values.type) or values.null_count == len(values):
        return False
    found = pc.min_max(values).as_py()
    return any(limit is not None and EXACT <= abs(limit) < float("inf") for limit in found.values())


def are_long(values: pa.ChunkedArray) -> bool:
    """Whether one of these texts is a whole number of so many digits that a double rounds it."""
    return bool(pc.any(pc.match_substring_regex(values, _WHOLE)).as_py())


def _at_start(before: Bytes, earlier: Bytes, mark: int) -> Any:
    """Where a field begins, blanks and a minus apart."""
    starts = (before == mark) | (before == ord("\n")) | (before == ord('"'))
    lead = (before == ord(" ")) | (before == ord("-")) | (before == ord("\t"))
    behind = (earlier == mark) | (earlier == ord("\n")) | (earlier == ord('"'))
    behind |= (earlier == ord(" ")) | (earlier == ord("-")) | (earlier == ord("\t"))
    return starts | (lead & behind)
