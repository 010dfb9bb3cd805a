"""What a column of texts is: numbers, booleans, dates, times, durations in writing, or texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.findings import Finding
from tasks.tables.value_types import booleans, dates, durations, missing_words, notices, numerals
from tasks.tables.value_types.distinct_texts import DistinctTexts, Mask
from tasks.tables.value_types.shapes import likely_shape
from tasks.tables.value_types.whole_numbers import settled_texts

#: Among more different texts than this, so many, evenly spaced, are looked at to see what they may be.
SAMPLE: Final = 1000
#: Cells that do not fit are missing if they are at most this share of those with a value, ...
ODD_SHARE: Final = 0.01
#: ... or if there is one among so many. More of them make the column one of texts.
ODD_AMONG: Final = 10
#: A column whose values are of a kind in this share is said to be mixed.
MIXED_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True)
class Typed:
    """A column as what it is."""

    values: Any
    #: How its texts are read, where that is not plain.
    format: str = ""
    findings: list[Finding] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One thing that texts may be."""

    words: str
    parse: Callable[[pa.StringArray], pa.Array]
    format: str = ""
    #: Whether single cells may be something else.
    odd: bool = True


def typed_texts(values: pa.ChunkedArray, name: str, *, decimal: str = ".", said: bool = True) -> Typed:
    """A column of strings as what its values are. `said`: that texts are numbers is worth a finding."""
    distinct = DistinctTexts.of(values)
    clean = pc.utf8_trim_whitespace(distinct.texts)
    missing = _mask(missing_words.is_missing(clean))
    if missing.all():
        return Typed(pa.nulls(len(values)))
    clean = pc.if_else(pa.array(missing), None, clean)
    reading = _likely(clean, distinct.counts * ~missing, decimal=decimal)
    if reading is None:
        return Typed(_strings(values), "", notices.kept(name, distinct))
    return _read(values, name, distinct, clean=clean, reading=reading, said=said)


def _likely(texts: pa.StringArray, counts: Any, *, decimal: str) -> _Reading | None:
    """What most of the cells may be; `counts` says how many have each text."""
    sample, weights = texts, counts
    if len(texts) > SAMPLE:
        places = np.linspace(0, len(texts) - 1, SAMPLE).astype(np.int64)
        sample, weights = texts.take(pa.array(places)), counts[places]
    match likely_shape(sample.to_pylist(), weights.tolist(), share=MIXED_SHARE):
        case "number":
            return _Reading("a number", partial(numerals.parse_any, decimal=decimal))
        case "percent":
            return _Reading("a percentage", partial(numerals.parse_percent, decimal=decimal), "percent")
        case "date":
            return _Reading("a date", dates.parse)
        case "boolean":
            return _Reading("true or false", booleans.parse, odd=False)
        case "time" | "duration":
            time, duration = durations.parse_time(texts), durations.parse_duration(texts)
            if counts[_mask(time.is_valid())].sum() >= counts[_mask(duration.is_valid())].sum():
                return _Reading("a time", lambda _: time, "time")
            return _Reading("a duration", lambda _: duration, "duration")
    return None


def _read(
    values: pa.ChunkedArray,
    name: str,
    distinct: DistinctTexts,
    *,
    clean: pa.StringArray,
    reading: _Reading,
    said: bool,
) -> Typed:
    parsed = reading.parse(clean)
    given = _mask(clean.is_valid())
    odd = given & _mask(parsed.is_null())
    cells, present = distinct.cells(odd), distinct.cells(given)
    if (cells > ODD_SHARE * present and (cells > 1 or present < ODD_AMONG)) or (cells and not reading.odd):
        mixed = reading.odd and present - cells >= MIXED_SHARE * present
        return Typed(_strings(values), "", [notices.mixed(name, distinct, odd, reading.words)] if mixed else [])
    findings = [notices.odd(name, distinct, odd, reading.words)] if cells else []
    if not pa.types.is_floating(parsed.type):
        findings += notices.missing(name, distinct, given)
        return Typed(distinct.spread(parsed), "", findings)
    if not reading.format and (codes := _mask(numerals.is_code(clean))).any():
        return Typed(_strings(values), "", [notices.codes(name, distinct, codes)])
    numbers = settled_texts(clean, parsed)
    if numbers is None:
        return Typed(_strings(values), "", [notices.long_numbers(name)])
    findings += notices.missing(name, distinct, given) + notices.numbers(
        name, distinct, numbers, reading.format, said=said
    )
    return Typed(distinct.spread(numbers), reading.format, findings)


def _strings(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts, of which only `\\N` is a missing one."""
    null = pc.equal(values, missing_words.NULL)
    return pc.if_else(null, None, values) if pc.any(null).as_py() else values


def _mask(values: pa.BooleanArray) -> Mask:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
