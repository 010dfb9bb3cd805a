"""Batches of a driver as one table, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa

from tasks.tables.bounds import Bounds


def collected(cursor: Any, bounds: Bounds, *, check: Callable[[], None]) -> pa.Table:
    """What a cursor has executed. Raises BodyTooLarge with the first batch that is too much; `check` is called after
    each."""
    kept, rows, taken = [], 0, 0
    reader = _reader(cursor)
    for batch in reader:
        rows, taken = rows + batch.num_rows, taken + batch.nbytes
        bounds.check(rows=rows, columns=batch.num_columns, taken=taken)
        kept.append(batch)
        check()
    table = pa.Table.from_batches(kept, reader.schema)
    # A database may hold text that is not UTF-8.
    table.validate(full=True)
    return table


def _reader(cursor: Any) -> Any:
    """The cursor's batches. What `fetch_record_batch` gives raises Arrow's errors, which have no SQLSTATE
    (apache/arrow-adbc issue 1523), so the driver's own reader is preferred where it is to be had."""
    return getattr(getattr(cursor, "_results", None), "reader", None) or cursor.fetch_record_batch()
