"""What writers put where a value is missing."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: pandas' words for a missing value (`pandas.read_csv`, `na_values`). Among numbers, booleans, dates and times they say
#: nothing else; in a column of texts each of them is a text (`NA` is Namibia).
PLAIN: Final = (
    *("", "NA", "N/A", "n/a", "NaN", "nan", "-NaN", "-nan", "NULL", "null", "None", "<NA>"),
    *("#N/A", "#N/A N/A", "#NA", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN"),
)
#: How databases write it (COPY, SELECT INTO OUTFILE): a missing value in a column of texts too.
NULL: Final = "\\N"
#: Words that mean it among numbers, booleans, dates and times, and that are said where they were taken so.
SAID: Final = (NULL, "?", ".", "-")


def is_missing(texts: pa.StringArray) -> pa.BooleanArray:
    """Which texts (without blanks around them) stand for a missing value among numbers; a null is no text."""
    return pc.is_in(texts, value_set=pa.array((*PLAIN, *SAID)))


def is_doubtful(texts: pa.StringArray) -> pa.BooleanArray:
    """Which texts of a column of texts may have been meant as missing."""
    return pc.is_in(texts, value_set=pa.array(PLAIN))


def is_said(texts: pa.StringArray) -> pa.BooleanArray:
    """Which of them are among `SAID`."""
    return pc.is_in(texts, value_set=pa.array(SAID))
