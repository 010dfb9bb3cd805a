"""Dates in writing by ISO 8601, as JSON and some CSV have them."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables.value_types.dates import parse


def to_dates(values: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Texts such as `2026-11-01`, `2026/11/01`, `2026-11-01T07:30:00.5` and `2026-11-01 07:30+02:00` as timestamp[us],
    in UTC where they have a zone; null for a text that is none."""
    if isinstance(values, pa.ChunkedArray):
        return pa.chunked_array([parse(values.combine_chunks())])
    return parse(values)
