"""Texts as what they are known to be, in a format."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import ColumnType
from tasks.tables.nested import JSON
from tasks.tables.value_types import booleans, dates, durations, epochs, numerals

#: How numbers may be written, beside plainly.
NUMBER_FORMATS: Final = ("percent", "time", "duration")
_TRUTHS: Final = ("true", "false")


def parse_as(
    texts: pa.StringArray, kind: ColumnType, form: str = "", *, decimal: str = ".", truth: bool = False
) -> pa.Array:
    """Each text (without blanks around it) as a number, boolean or date; null for what is none.

    Numbers may be plain in every format, and dates by ISO 8601. `truth`: true and false are the numbers 1 and 0.
    """
    if kind == "boolean":
        return booleans.parse_any(texts)
    if kind == "date":
        return _date(texts, form)
    numbers = numerals.parse_any(texts, decimal=decimal)
    if form == "percent":
        return pc.coalesce(numerals.parse_percent(texts, decimal=decimal), numbers)
    if form in NUMBER_FORMATS:
        return pc.coalesce(durations.parse_time(texts), durations.parse_duration(texts), numbers)
    return pc.coalesce(numbers, _truth(texts)) if truth else numbers


def format_fault(kind: ColumnType | None, form: str) -> str | None:
    """What is wrong with a format for a type; None if nothing is."""
    if not form or form in {"number": NUMBER_FORMATS, "date": epochs.FORMATS, "text": (JSON,)}.get(kind or "", ()):
        return None
    if kind == "date":
        known = ", ".join(epochs.FORMATS)
        return None if "%" in form else f"is no format of dates; use one of strptime, such as %d/%m/%Y, or {known}"
    if kind == "number":
        return f"is no format of numbers; known are {', '.join(NUMBER_FORMATS)}"
    if kind == "text":
        return f"is no format of text; the only one is {JSON}"
    return f"cannot be given for {kind or 'a column without a type'}; only date, number and text have formats"


def _date(texts: pa.StringArray, form: str) -> pa.Array:
    plain = dates.parse(texts)
    if not form:
        return plain
    if form in epochs.FORMATS:
        return pc.coalesce(epochs.moments(numerals.parse(texts), form), plain)
    return pc.coalesce(dates.parse_format(texts, form), plain)


def _truth(texts: pa.StringArray) -> pa.Array:
    lower = pc.utf8_lower(texts)
    return pc.if_else(pc.is_in(lower, value_set=pa.array(_TRUTHS)), pc.equal(lower, "true").cast(pa.float64()), None)
