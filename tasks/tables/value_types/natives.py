"""Columns that say what they are: the types of Arrow, made one for each thing that they may hold."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.tables.arrow_kinds import CATEGORY
from tasks.tables.doubles import EXACT
from tasks.tables.value_types import notices
from tasks.tables.value_types.dates import MOMENT
from tasks.tables.value_types.decimals import exact_floats
from tasks.tables.value_types.texts import Typed
from tasks.tables.value_types.whole_numbers import settled, settled_column, settled_texts
from tasks.tables.value_types.writing import written

_DAY_MICROS: Final = 86_400_000_000
_PARTS: Final = {"s": 1e0, "ms": 1e3, "us": 1e6, "ns": 1e9}


def is_text(kind: pa.DataType) -> bool:
    """Whether it is one of Arrow's types of text."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def typed_native(values: pa.ChunkedArray, name: str) -> Typed:
    """A column that is not of texts. One that no model can learn from stays as it is."""
    kind = values.type
    if pa.types.is_integer(kind):
        return _whole(values, name)
    if pa.types.is_float64(kind):
        return _checked(settled_column(values), name)
    if pa.types.is_floating(kind):
        return _checked(settled(_doubles(values)), name)
    if pa.types.is_decimal(kind):
        return _decimal(values, name)
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        return Typed(_moments(values))
    if pa.types.is_time(kind):
        return Typed(settled(_seconds(values)), "time")
    if pa.types.is_duration(kind):
        return Typed(settled(_seconds(values)), "duration")
    if pa.types.is_dictionary(kind):
        return Typed(_category(values))
    return Typed(values)


def _whole(values: pa.ChunkedArray, name: str) -> Typed:
    if pa.types.is_uint64(values.type):
        try:
            return _checked(values.cast(pa.int64()), name)
        except pa.ArrowInvalid:
            return _digits(values.cast(pa.string()), name)
    return _checked(values.cast(pa.int64()), name)


def _checked(values: Any, name: str) -> Typed:
    return Typed(values, "", notices.beyond(name, values))


def _digits(texts: pa.ChunkedArray, name: str) -> Typed:
    """Numbers of many digits, exactly."""
    array = texts.combine_chunks()
    found = settled_texts(array, array.cast(pa.float64()))
    return Typed(texts, "", [notices.long_numbers(name)]) if found is None else _checked(found, name)


def _decimal(values: pa.ChunkedArray, name: str) -> Typed:
    floats = exact_floats(values)
    if not np.nanmax(np.abs(floats), initial=0.0) >= EXACT:
        return Typed(settled(floats))
    return _digits(values.cast(pa.string()), name)


def _doubles(values: pa.ChunkedArray) -> Any:
    """Shorter floats as 64-bit ones, NaN where null: the decimal number that writers print of them."""
    array = np.asarray(values.to_numpy())
    with np.errstate(invalid="ignore"):
        if (np.isnan(array) | (np.floor(array) == array)).all():
            return array.astype(np.float64)
    if pa.types.is_float16(values.type):
        # Arrow prints them with the digits of longer floats; there are 65,536 of them at most.
        different, places = np.unique(array, return_inverse=True)
        return np.array([float(str(value)) for value in different])[places]
    return np.asarray(values.cast(pa.string()).cast(pa.float64()).to_numpy())


def _moments(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values.cast(MOMENT, safe=False)


def _seconds(values: pa.ChunkedArray) -> Any:
    whole = pa.int32() if pa.types.is_time32(values.type) else pa.int64()
    parts = np.asarray(values.cast(whole).to_numpy(), dtype=np.float64)
    scale = _PARTS[values.type.unit]
    return parts / scale if scale < 1e9 else np.round(parts / 1e3) / 1e6


def _category(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if is_text(values.type.value_type):
        return values.cast(CATEGORY).unify_dictionaries()
    plain = values.cast(values.type.value_type)
    return written(plain).cast(pa.string()).dictionary_encode().cast(CATEGORY)
