"""Which columns of a table pandas says are its index."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa


class _Metadata(msgspec.Struct):
    #: Names of columns, or descriptions of ranges that are not written.
    index_columns: list[Any] = []


def index_of(table: pa.Table) -> frozenset[str]:
    """The columns that pandas' metadata name as index and that are there."""
    said = (table.schema.metadata or {}).get(b"pandas")
    if not said:
        return frozenset()
    try:
        names = msgspec.json.decode(said, type=_Metadata).index_columns
    except msgspec.MsgspecError:
        return frozenset()
    return frozenset(name for name in names if isinstance(name, str)) & frozenset(table.column_names)
