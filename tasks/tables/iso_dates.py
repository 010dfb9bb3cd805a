"""Dates in writing by ISO 8601, as JSON and some CSV have them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

_DATE: Final = pa.timestamp("us")
#: A time that ends in its zone.
_ZONED: Final = r"[T ][0-9:.]+(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"


def to_dates(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Texts such as `2026-11-01`, `2026-11-01T07:30:00.5` and `2026-11-01 07:30+02:00` as timestamp[us], in UTC where
    they have a zone; null for a text that is none."""
    try:
        return _cast(values)
    except pa.ArrowInvalid:
        texts = pa.array([text if text is None or _is_date(text) else None for text in values.to_pylist()], pa.string())
        return _cast(texts) if isinstance(values, pa.Array) else pa.chunked_array([_cast(texts)])


def _cast(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    zoned = pc.match_substring_regex(values, _ZONED)
    if not pc.any(zoned).as_py():
        return values.cast(_DATE)
    utc = pc.if_else(zoned, values, None).cast(pa.timestamp("us", "UTC")).cast(_DATE)
    return pc.coalesce(utc, pc.if_else(zoned, None, values).cast(_DATE))


def _is_date(text: str) -> bool:
    try:
        _cast(pa.array([text]))
    except pa.ArrowInvalid:
        return False
    return True
