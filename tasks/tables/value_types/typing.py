"""The types of a whole table."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from tasks.tables.findings import Finding
from tasks.tables.value_types.given import given
from tasks.tables.value_types.many_columns import fractional
from tasks.tables.value_types.natives import is_text, typed_native
from tasks.tables.value_types.texts import Typed, typed_texts
from tasks.tables.wishes import Wish

#: The key of a field's metadata that says how its texts are read: see `format_of`.
_FORMAT = b"mlservice.format"
_OPEN = Wish()


def typed(
    table: pa.Table, wanted: Mapping[str, Wish] | None = None, *, decimal: str = ".", said: bool = True
) -> tuple[pa.Table, list[Finding]]:
    """The table with each column as what its values are, and what is to be said of that.

    Whatever wrote them, equal values have equal types: int64 (whole numbers), float64, bool, string,
    dictionary<int32, string> (a category that said so), timestamp[us] (dates, in UTC), null (no value at all). A null
    is the one missing value. Columns of other types stay as they are, and so do those that `wanted` has for nothing or
    for a key; one that it has a type for is of that type, and a value that is not is a finding that is an error.
    `decimal` is the decimal sign of numbers in writing; `said`: that texts are numbers is worth a finding, as they
    might have been sent as such.
    """
    columns, fields, findings = [], [], []
    settled = fractional(table)
    for place, (field, values) in enumerate(zip(table.schema, table.itercolumns(), strict=True)):
        wish = wanted.get(field.name, _OPEN) if wanted else _OPEN
        if place in settled and wish is _OPEN:
            columns.append(values)
            fields.append(field)
            continue
        found = _column(values, field.name, wish, decimal=decimal, said=said)
        columns.append(found.values)
        # What is typed already keeps its format.
        form = found.format or (format_of(field) if found.values.type == field.type else "")
        metadata = {_FORMAT: form.encode()} if form else None
        fields.append(pa.field(field.name, found.values.type, metadata=metadata))
        findings += found.findings
    return pa.Table.from_arrays(columns, schema=pa.schema(fields)), findings


def format_of(field: pa.Field) -> str:
    """How the texts of a typed column are read: `percent`, `time`, `duration`, a format of dates; empty if plainly."""
    metadata: dict[bytes, bytes] = field.metadata or {}
    return metadata.get(_FORMAT, b"").decode()


def _column(values: pa.ChunkedArray, name: str, wish: Wish, *, decimal: str, said: bool) -> Typed:
    if wish.role in ("ignore", "key"):
        return Typed(values)
    if wish.type is not None:
        return given(values, name, kind=wish.type, form=wish.format, decimal=decimal)
    if is_text(values.type):
        return typed_texts(values.cast(pa.string()), name, decimal=decimal, said=said)
    return typed_native(values, name)
