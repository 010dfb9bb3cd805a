"""Numbers in writing."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: A number in plain writing: no sign but minus, no zeros in front, no blanks, no separators of thousands.
_PLAIN: Final = r"^-?(?:(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
#: Digits that a code has and a number has not: `007`, `+49 30`.
_CODE: Final = r"^(?:-?0[0-9]|\+[0-9])"
_CODE_STARTS: Final = ("0", "-0", "+")
_CODE_OR_PLAIN: Final = r"^[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|(?i:inf|infinity))$"
_PERCENT: Final = r" ?%$"


def parse(texts: pa.StringArray, *, decimal: str = ".") -> pa.DoubleArray:
    """The number that each text is in plain writing, correctly rounded; null for any other text."""
    return _matching(_pointed(texts, decimal), _PLAIN)


def parse_any(texts: pa.StringArray, *, decimal: str = ".") -> pa.DoubleArray:
    """Like `parse`, and `007` is 7, `+5` is 5: of columns that are known to be numbers."""
    pointed = _pointed(texts, decimal)
    try:
        found = pointed.cast(pa.float64())
    except pa.ArrowInvalid:
        return _matching(pointed, _CODE_OR_PLAIN)
    # What is called NaN in letters that no word for a missing value has is no number.
    return pc.if_else(pc.is_nan(found), None, found) if pc.any(pc.is_nan(found)).as_py() else found


def parse_percent(texts: pa.StringArray, *, decimal: str = ".") -> pa.DoubleArray:
    """12.5 of `12.5%` and `12.5 %`; null for a text without the sign."""
    signed = pc.ends_with(texts, "%")
    bare = pc.replace_substring_regex(texts, _PERCENT, "")
    return parse(pc.if_else(signed, bare, None), decimal=decimal)


def is_code(texts: pa.StringArray) -> pa.BooleanArray:
    """Which texts begin like a number that nobody writes so: with a plus, or with a zero before another digit."""
    if not any(pc.any(pc.starts_with(texts, start)).as_py() for start in _CODE_STARTS):
        return pc.and_(texts.is_null(), False)
    return pc.match_substring_regex(texts, _CODE)


def _pointed(texts: pa.StringArray, decimal: str) -> pa.StringArray:
    if decimal == ".":
        return texts
    # A point is no decimal sign here: `1.5` is no number.
    return pc.replace_substring(pc.replace_substring(texts, ".", " "), decimal, ".")


def _matching(texts: pa.StringArray, pattern: str) -> pa.DoubleArray:
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, None).cast(pa.float64())
