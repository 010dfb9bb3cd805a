"""What is said of the types that were found: the findings of this wing, each with its remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.findings import Finding
from tasks.tables.value_types import missing_words
from tasks.tables.value_types.distinct_texts import DistinctTexts, Mask
from tasks.tables.value_types.whole_numbers import beyond_exact

#: Most different texts that a message shows.
_SHOWN = 3


def odd(name: str, distinct: DistinctTexts, mask: Mask, words: str) -> Finding:
    """Few cells are not what all others are; they count as missing."""
    return Finding(
        code="odd_values",
        severity="warning",
        column=name,
        count=distinct.cells(mask),
        rows=distinct.rows(mask),
        message=f"column {name!r} has {_cells(distinct, mask)} not {words}: {_shown(distinct, mask)}",
        done="they count as missing",
        remedy=f"correct them, or keep the column as it is: {_option(name, 'category')}",
    )


def mixed(name: str, distinct: DistinctTexts, mask: Mask, words: str) -> Finding:
    """Too many cells are not what most others are."""
    return Finding(
        code="mixed_values",
        severity="warning",
        column=name,
        count=distinct.cells(mask),
        rows=distinct.rows(mask),
        message=f"most values of column {name!r} are each {words}, and {_cells(distinct, mask)} not:"
        f" {_shown(distinct, mask)}",
        done="the column stays text",
        remedy="correct them, or leave them empty, for the column to be what most of it is",
    )


def codes(name: str, distinct: DistinctTexts, mask: Mask) -> Finding:
    """Digits that begin with a zero or a plus."""
    return Finding(
        code="codes",
        severity="info",
        column=name,
        count=distinct.cells(mask),
        rows=distinct.rows(mask),
        message=f"column {name!r} has digits that begin with a zero or a plus, as codes do: {_shown(distinct, mask)}",
        done="the column stays text",
        remedy=f"if they are amounts: {_option(name, 'number')}",
    )


def long_numbers(name: str, distinct: DistinctTexts) -> Finding:
    """Whole numbers beyond 64 bits that no float has."""
    return Finding(
        code="long_numbers",
        severity="info",
        column=name,
        count=distinct.cells(np.ones(len(distinct.texts), np.bool_)),
        message=f"column {name!r} has whole numbers of more than 64 bits, which would lose digits as numbers",
        done="the column stays text",
        remedy=f"if they are amounts: {_option(name, 'number')}",
    )


def missing(name: str, distinct: DistinctTexts) -> list[Finding]:
    """Words that are taken for a missing value, but might have meant something."""
    mask = np.asarray(missing_words.is_said(pc.utf8_trim_whitespace(distinct.texts)).to_numpy(zero_copy_only=False))
    if not mask.any():
        return []
    return [
        Finding(
            code="missing_words",
            severity="info",
            column=name,
            count=distinct.cells(mask),
            rows=distinct.rows(mask),
            message=f"column {name!r} has {_shown(distinct, mask)} among its values",
            done="they count as missing",
            remedy=f"if they mean something: {_option(name, 'category')}",
        )
    ]


def numbers(name: str, distinct: DistinctTexts, values: pa.Array, form: str, *, said: bool) -> list[Finding]:
    """How texts became numbers."""
    found = beyond(name, values)
    done = {
        "percent": "12.5% is the number 12.5",
        "time": "a time is the number of seconds since midnight",
        "duration": "a duration is its number of seconds",
    }.get(form)
    if done is None and not said:
        return found
    kind = {"percent": "percentages", "time": "times", "duration": "durations"}.get(form, "numbers")
    seen = f"column {name!r} holds {kind} in writing"
    given = distinct.cells(np.ones(len(distinct.texts), np.bool_))
    read = Finding(
        code="seconds" if form in ("time", "duration") else form or "numbers_as_text",
        severity="info",
        column=name,
        count=given,
        message=seen,
        done=done or "they are numbers",
        remedy=f"to keep them as texts: {_option(name, 'category')}",
    )
    return [*found, read]


def beyond(name: str, values: pa.Array | pa.ChunkedArray) -> list[Finding]:
    """Whole numbers that the models' floats do not have."""
    if not pa.types.is_integer(values.type) or not beyond_exact(values):
        return []
    limit = 2**53
    large = pc.or_(pc.greater(values, limit), pc.less(values, -limit))
    return [
        Finding(
            code="rounded_whole_numbers",
            severity="warning",
            column=name,
            count=pc.sum(large).as_py(),
            message=f"column {name!r} has whole numbers beyond 2^53, of which a model sees about 16 digits",
            done="as numbers they are rounded to the nearest 64-bit float",
            remedy=f"if they are identifiers: {_option(name, 'key')}, or {_option(name, 'category')}",
        )
    ]


def _option(name: str, kind: str) -> str:
    return f"options.columns = {{{name!r}: {kind!r}}}".replace("'", '"')


def _cells(distinct: DistinctTexts, mask: Mask) -> str:
    cells = distinct.cells(mask)
    return "1 value that is" if cells == 1 else f"{cells} values that are"


def _shown(distinct: DistinctTexts, mask: Mask) -> str:
    texts: list[Any] = distinct.texts.take(pa.array(np.flatnonzero(mask)[:_SHOWN])).to_pylist()
    shown = ", ".join(repr(text if len(text) <= 40 else text[:40] + "...") for text in texts)
    row = distinct.rows(mask)
    more = ", ..." if int(mask.sum()) > len(texts) else ""
    return f"{shown}{more} (row {row[0]})" if row else shown
