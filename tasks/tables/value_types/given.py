"""Columns that are what the caller said, in `options.columns`."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.arrow_kinds import CATEGORY
from tasks.tables.columns import ColumnType
from tasks.tables.value_types import epochs, notices
from tasks.tables.value_types.conversion import Misfit, as_type
from tasks.tables.value_types.dates import MOMENT
from tasks.tables.value_types.distinct_texts import DistinctTexts
from tasks.tables.value_types.forms import NUMBER_FORMATS, parse_as
from tasks.tables.value_types.natives import is_text, typed_native
from tasks.tables.value_types.texts import Typed, typed_texts
from tasks.tables.value_types.whole_numbers import settled
from tasks.tables.value_types.writing import written

_NUMBERS = (pa.int64(), pa.float64())


def given(values: pa.ChunkedArray, name: str, *, kind: ColumnType, form: str, decimal: str) -> Typed:
    """The column as a type and a format. A value that does not fit is a finding that is an error, and then null.

    Without a format, numbers may be percentages, times or durations if all of them are, and dates may be milliseconds
    since 1970. Categories and text are in writing, where a value has one writing whatever wrote it: 1.0 is `1`.
    """
    found = _by_values(values, name, decimal=decimal)
    if kind in ("category", "text"):
        texts = _texts(values, found)
        return Typed(texts if kind == "text" else texts.dictionary_encode().cast(CATEGORY))
    if not form and found is not None and _is(found.values.type, kind):
        return found
    first: Misfit | None = None
    for each in (form,) if form else _forms(values, kind):
        read = as_type(values, kind, each, decimal=decimal, truth=True)
        if isinstance(read, Misfit):
            first = first or read
        elif form or each != epochs.USUAL or epochs.plausible(read):
            return _read(read, name, kind, each)
        else:
            reason = "is a number where a date belongs; say with format which: " + ", ".join(epochs.FORMATS)
            first = Misfit(max(pc.index(values.is_valid(), True).as_py(), 0), reason)
    assert first is not None
    return Typed(_what_fits(values, kind, form), form, [notices.misfit(name, first.row, first.reason)])


def _what_fits(values: pa.ChunkedArray, kind: ColumnType, form: str) -> pa.Array:
    """The column with nulls for what does not fit, for what else there is to be found in the table."""
    if not is_text(values.type):
        return pa.nulls(len(values), {"number": pa.float64(), "boolean": pa.bool_(), "date": MOMENT}[kind])
    distinct = DistinctTexts.of(values.cast(pa.string()))
    return distinct.spread(parse_as(pc.utf8_trim_whitespace(distinct.texts), kind, form))


def _by_values(values: pa.ChunkedArray, name: str, *, decimal: str) -> Typed | None:
    """What the column is by its values; None if single ones are not."""
    if not is_text(values.type):
        return None if pa.types.is_dictionary(values.type) else typed_native(values, name)
    found = typed_texts(values.cast(pa.string()), name, decimal=decimal)
    return None if any(one.code == "odd_values" for one in found.findings) else found


def _is(found: pa.DataType, kind: ColumnType) -> bool:
    types = {"number": _NUMBERS, "boolean": (pa.bool_(),), "date": (MOMENT,)}
    return found in types[kind]


def _forms(values: pa.ChunkedArray, kind: ColumnType) -> tuple[str, ...]:
    if kind == "date":
        return ("", epochs.USUAL)
    return ("", *NUMBER_FORMATS) if kind == "number" and is_text(values.type) else ("",)


def _read(values: pa.ChunkedArray, name: str, kind: ColumnType, form: str) -> Typed:
    if kind == "number":
        numbers = settled(values.to_numpy())
        return Typed(numbers, form, notices.beyond(name, numbers))
    return Typed(values, form, [notices.epoch(name)] if form == epochs.USUAL else [])


def _texts(values: pa.ChunkedArray, found: Typed | None) -> pa.ChunkedArray:
    """The texts of the values; in a format they stay as they are."""
    if found is None or found.format or pa.types.is_null(found.values.type):
        texts: Any = as_type(values, "text")
        return texts
    plain = found.values if isinstance(found.values, pa.ChunkedArray) else pa.chunked_array([found.values])
    return written(plain)
