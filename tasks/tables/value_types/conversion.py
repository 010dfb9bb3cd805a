"""Values as what their column is known to be: by an estimate's schema, or by what the caller said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.checks import BELONGS
from tasks.tables.columns import Column, ColumnType
from tasks.tables.value_types import epochs, missing_words, numerals
from tasks.tables.value_types.dates import MOMENT
from tasks.tables.value_types.distinct_texts import DistinctTexts
from tasks.tables.value_types.forms import parse_as
from tasks.tables.value_types.natives import is_text, typed_native
from tasks.tables.value_types.writing import value_text, written

_TYPES: Final[dict[ColumnType, pa.DataType]] = {
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "category": pa.string(),
    "text": pa.string(),
    "date": MOMENT,
}
_TRUTHS: Final = (0.0, 1.0, None)
#: Characters of a value that a message shows.
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class Misfit:
    """The first value that its column cannot have. Rows are counted from 0."""

    row: int
    #: To come after the name of the column.
    reason: str


def converted(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray | Misfit:
    """The values in the type of their column: float64, bool, string (also of a category) or timestamp[us].

    Numbers, booleans and dates may be in writing, and then the words of `missing_words` are null, as they were when
    the model learned. 0 and 1 fit a boolean; true and false fit a column of numbers that were only 0 and 1. Numbers
    and booleans fit a category or a text by the writing that they have there.
    """
    kind = column.type
    if kind == "category" and is_text(values.type):
        return _known(values.cast(pa.string()), column)
    return as_type(values, kind, column.format, truth=column.zero_one)


def converted_list(values: Sequence[Any], column: Column) -> pa.ChunkedArray | Misfit:
    """Like `converted`, of values out of JSON: None, true and false, numbers and texts in any mixture."""
    kinds = set(map(type, values)) - {type(None)}
    if kinds and kinds <= {int, float} and column.type not in ("category", "text"):
        array = pa.array([None if value is None else float(value) for value in values], pa.float64())
    elif kinds <= {bool}:
        array = pa.array(values, pa.bool_() if kinds else pa.null())
    elif column.type == "number" and bool in kinds and not column.zero_one:
        row = next(row for row, value in enumerate(values) if isinstance(value, bool))
        return Misfit(row, f"is true or false where {BELONGS[column.type]} belongs")
    else:
        array = pa.array([None if value is None else value_text(value) for value in values], pa.string())
    return converted(pa.chunked_array([array]), column)


def as_type(
    values: pa.ChunkedArray, kind: ColumnType, form: str = "", *, decimal: str = ".", truth: bool = False
) -> pa.ChunkedArray | Misfit:
    """The values in a type and its format, whatever type they have. `truth`: true and false are the numbers 1 and 0."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if pa.types.is_null(values.type):
        return pa.chunked_array([pa.nulls(len(values), _TYPES[kind])])
    if is_text(values.type):
        values = values.cast(pa.string())
        return values if kind in ("category", "text") else _texts(values, kind, form, decimal=decimal, truth=truth)
    plain = typed_native(values, "").values
    plain = plain if isinstance(plain, pa.ChunkedArray) else pa.chunked_array([plain])
    if kind in ("category", "text"):
        return written(plain)
    found = _native(plain, kind, form, truth=truth)
    return misfit(values, values.is_valid(), kind) if found is None else found


def misfit(values: pa.ChunkedArray, odd: pa.ChunkedArray | pa.Array, kind: ColumnType) -> Misfit:
    """The first value that is marked."""
    row = max(pc.index(odd, True).as_py(), 0)
    found = values[row].as_py()
    if isinstance(found, str):
        words = repr(found if len(found) <= _SHOWN else found[:_SHOWN] + "...")
    else:
        words = "true or false" if isinstance(found, bool) else value_text(found)
    return Misfit(row, f"is {words} where {BELONGS[kind]} belongs")


def _native(values: pa.ChunkedArray, kind: ColumnType, form: str, *, truth: bool) -> Any:
    """None if values of such a type are not of that kind."""
    if values.type == _TYPES[kind]:
        return values
    if pa.types.is_boolean(values.type):
        return values.cast(pa.float64()) if kind == "number" and truth else None
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type) or pa.types.is_string(values.type)):
        return None
    # Whole numbers that 64 bits do not hold are strings.
    floats = values.cast(pa.float64(), safe=False)
    if kind == "number":
        return floats
    if kind == "date":
        return epochs.moments(floats, form) if form in epochs.FORMATS else None
    odd = pc.invert(pc.is_in(floats, value_set=pa.array(_TRUTHS)))
    return misfit(values, odd, kind) if pc.any(odd).as_py() else pc.equal(floats, 1.0)


def _texts(values: pa.ChunkedArray, kind: ColumnType, form: str, *, decimal: str, truth: bool) -> Any:
    distinct = DistinctTexts.of(values)
    clean = pc.utf8_trim_whitespace(distinct.texts)
    clean = pc.if_else(missing_words.is_missing(clean), None, clean)
    parsed = parse_as(clean, kind, form, decimal=decimal, truth=truth)
    odd = pc.and_(clean.is_valid(), parsed.is_null())
    if pc.any(odd).as_py():
        return misfit(values, distinct.spread(odd), kind)
    return pa.chunked_array([distinct.spread(parsed)])


def _known(values: pa.ChunkedArray, column: Column) -> pa.ChunkedArray:
    """Texts; numbers that are no category in this writing have the one writing that numbers have as categories."""
    known = pc.is_in(values, value_set=pa.array([*column.categories, None], pa.string()))
    if np.all(known.to_numpy()):
        return values
    plain = numerals.parse(pc.utf8_trim_whitespace(values).combine_chunks())
    return pc.if_else(known, values, pc.coalesce(written(pa.chunked_array([plain])), values))
