"""What is said of the types that were found."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.doubles import EXACT
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.value_types import missing_words
from tasks.tables.value_types.distinct_texts import DistinctTexts, Mask
from tasks.tables.value_types.whole_numbers import beyond_exact

#: Most different texts that a message shows, and most characters of each.
_TEXTS = 3
_CHARACTERS = 40
_KINDS = {"percent": "percentages", "time": "times of day", "duration": "durations"}
_CODES = {"percent": "percent", "time": "seconds", "duration": "seconds"}
#: Who says what a column is.
AS_SAID: Final = "as options.columns says"


def odd(name: str, distinct: DistinctTexts, mask: Mask, words: str) -> Finding:
    """Few cells are not what all others are; they count as missing."""
    message = f"column {name!r} has {_cells(distinct, mask)} not {words}: {_shown(distinct, mask)}"
    return _marked("odd_values", name, distinct, mask, message)


def mixed(name: str, distinct: DistinctTexts, mask: Mask, words: str) -> Finding:
    """Too many cells are not what most others are."""
    message = f"most values of column {name!r} are each {words}, and {_cells(distinct, mask)} not: "
    return _marked("mixed_values", name, distinct, mask, message + _shown(distinct, mask))


def codes(name: str, distinct: DistinctTexts, mask: Mask) -> Finding:
    """Digits that begin with a zero or a plus."""
    message = f"column {name!r} has digits that begin with a zero or a plus, as codes do: {_shown(distinct, mask)}"
    return _marked("codes", name, distinct, mask, message)


def long_numbers(name: str) -> Finding:
    """Whole numbers beyond 64 bits that no float has."""
    message = f"column {name!r} has whole numbers of more than 64 bits, which would lose digits as numbers"
    return finding("long_numbers", message, column=name)


def missing(name: str, distinct: DistinctTexts, given: Mask) -> list[Finding]:
    """Words that are taken for a missing value, but might have meant something; `given` marks what is none."""
    if given.all():
        return []
    mask = np.asarray(missing_words.is_said(pc.utf8_trim_whitespace(distinct.texts)).to_numpy(zero_copy_only=False))
    if not mask.any():
        return []
    message = f"column {name!r} has {_shown(distinct, mask)} among its values"
    return [_marked("missing_words", name, distinct, mask, message)]


def kept(name: str, distinct: DistinctTexts) -> list[Finding]:
    """Words that often stand for a missing value, in a column of texts, where they are texts."""
    mask = np.asarray(missing_words.is_doubtful(distinct.texts).to_numpy(zero_copy_only=False))
    if not mask.any():
        return []
    message = f"column {name!r} has {_shown(distinct, mask)} among its texts"
    return [_marked("missing_words_kept", name, distinct, mask, message)]


def numbers(name: str, distinct: DistinctTexts, values: pa.Array, form: str, *, said: bool) -> list[Finding]:
    """How texts became numbers; of plain ones only if that is to be `said`."""
    found = beyond(name, values)
    if form or said:
        message = f"column {name!r} holds {_KINDS.get(form, 'numbers')} in writing"
        found.append(finding(_CODES.get(form, "numbers_as_text"), message, column=name, count=distinct.cells(...)))
    return found


def beyond(name: str, values: pa.Array | pa.ChunkedArray) -> list[Finding]:
    """Whole numbers that the models' floats do not have."""
    if not pa.types.is_integer(values.type) or not beyond_exact(values):
        return []
    large = np.asarray(pc.fill_null(pc.greater(pc.abs(values), EXACT), False).to_numpy(zero_copy_only=False))
    message = f"column {name!r} has whole numbers beyond 2^53, of which a model sees about 16 digits"
    rows = np.flatnonzero(large)
    return [finding("rounded_whole_numbers", message, column=name, count=len(rows), rows=rows.tolist())]


def epoch(name: str) -> Finding:
    """Numbers that are dates because the caller said so."""
    return finding("epoch", f"column {name!r} holds numbers, and options.columns says that they are dates", column=name)


def misfit(name: str, row: int, reason: str) -> Finding:
    """A value that is not what the caller said that the column is."""
    message = f"column {name!r}: row {row} {reason}, {AS_SAID}"
    return finding("not_of_type", message, column=name, count=1, rows=[row])


def _marked(code: str, name: str, distinct: DistinctTexts, mask: Mask, message: str) -> Finding:
    return finding(code, message, column=name, count=distinct.cells(mask), rows=distinct.rows(mask))


def _cells(distinct: DistinctTexts, mask: Mask) -> str:
    cells = distinct.cells(mask)
    return "1 value that is" if cells == 1 else f"{cells} values that are"


def _shown(distinct: DistinctTexts, mask: Mask) -> str:
    texts = distinct.texts.take(pa.array(np.flatnonzero(mask)[:_TEXTS])).to_pylist()
    shown = ", ".join(repr(text if len(text) <= _CHARACTERS else text[:_CHARACTERS] + "...") for text in texts)
    rows = distinct.rows(mask)
    more = ", ..." if np.count_nonzero(mask) > len(texts) else ""
    return f"{shown}{more} (row {rows[0]})" if rows else shown
