"""The types of a whole table."""

from __future__ import annotations

import pyarrow as pa

from tasks.tables.findings import Finding
from tasks.tables.value_types.natives import is_text, typed_native
from tasks.tables.value_types.texts import Typed, typed_texts

#: The key of a field's metadata that says how its texts are read: see `format_of`.
_FORMAT = b"format"


def typed(table: pa.Table, *, decimal: str = ".", said: bool = True) -> tuple[pa.Table, list[Finding]]:
    """The table with each column as what its values are, and what is to be said of that.

    Whatever wrote them, equal values have equal types: int64 (whole numbers), float64, bool, string,
    dictionary<int32, string> (a category that said so), timestamp[us] (dates, in UTC), null (no value at all). A null
    is the one missing value. Columns of other types stay as they are. `decimal` is the decimal sign of numbers in
    writing; `said`: that texts are numbers is worth a finding, as they might have been sent as such.
    """
    columns, fields, findings = [], [], []
    for field, values in zip(table.schema, table.itercolumns(), strict=True):
        found = _column(values, field.name, decimal=decimal, said=said)
        columns.append(found.values)
        metadata = {_FORMAT: found.format.encode()} if found.format else None
        fields.append(pa.field(field.name, found.values.type, metadata=metadata))
        findings += found.findings
    return pa.Table.from_arrays(columns, schema=pa.schema(fields)), findings


def format_of(field: pa.Field) -> str:
    """How the texts of a typed column are read: `percent`, `time`, `duration`, a format of dates; empty if plainly."""
    metadata: dict[bytes, bytes] = field.metadata or {}
    return metadata.get(_FORMAT, b"").decode()


def _column(values: pa.ChunkedArray, name: str, *, decimal: str, said: bool) -> Typed:
    if is_text(values.type):
        return typed_texts(values.cast(pa.string()), name, decimal=decimal, said=said)
    return typed_native(values, name)
