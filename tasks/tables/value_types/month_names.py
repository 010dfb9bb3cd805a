"""Dates with the English name of a month and a year of four digits, which are meant in one way only."""

from __future__ import annotations

import re
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAME: Final = (
    "(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DAY: Final = "(?P<day>[0-9]{1,2})"
_REST: Final = "(?P<year>[0-9]{4})(?P<time>[T ][0-9]{2}:.*)?$"
#: `Jan 1 2000`, `Jan-1-2000`, `January 1, 2000`; `1 Jan 2000`, `01-Jan-2000`; each with a time after it or without.
_FORMS: Final = (
    f"^{_NAME}[ /-]{_DAY},?[ /-]{_REST}",
    f"^{_DAY}[ ./-]{_NAME},?[ /-]{_REST}",
)
_LIKELY: Final = re.compile("|".join(re.sub(r"\?P<[a-z]+>", "?:", form) for form in _FORMS), re.IGNORECASE)


def is_likely(text: str) -> bool:
    """Whether a text has the form of such a date."""
    return _LIKELY.match(text) is not None


def as_iso(texts: pa.StringArray) -> pa.StringArray:
    """Such dates as ISO 8601 writes them; null for any other text. There need not be such a day."""
    found = [_iso(pc.extract_regex(texts, f"(?i){form}")) for form in _FORMS]
    return pc.coalesce(*found)


def _iso(parts: pa.StructArray) -> pa.StringArray:
    name = pc.utf8_slice_codeunits(pc.utf8_lower(pc.struct_field(parts, "month")), 0, 3)
    month = pc.add(pc.index_in(name, value_set=pa.array(_MONTHS)), 1)
    day = pc.utf8_lpad(pc.struct_field(parts, "day"), 2, "0")
    date = pc.binary_join_element_wise(
        pc.struct_field(parts, "year"), pc.utf8_lpad(month.cast(pa.string()), 2, "0"), day, "-"
    )
    return pc.binary_join_element_wise(date, pc.struct_field(parts, "time"), "")
