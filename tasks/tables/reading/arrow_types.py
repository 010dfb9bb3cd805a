"""Arrow's many types for the same thing, as one each; nothing is decided that the type does not say."""

from __future__ import annotations

import uuid
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.arrow_kinds import CATEGORY

#: Extension types of whole numbers in 16 bytes, the lowest first.
_INT128: Final = frozenset({"polars.int128", "polars.i128"})
_UUID_BYTES: Final = 16


def unified(table: pa.Table) -> pa.Table:
    """The table with `string` for every type of text and for binary that is UTF-8, `dictionary<int32, string>` for
    every dictionary of texts, and plain columns for run-ends and extension types."""
    columns = [_unified(column) for column in table.columns]
    return pa.Table.from_arrays(columns, names=table.column_names)


def _unified(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return _extension(values)
    if pa.types.is_run_end_encoded(kind):
        return _unified(pa.chunked_array([pc.run_end_decode(chunk) for chunk in values.chunks], kind.value_type))
    if pa.types.is_dictionary(kind):
        return _dictionary(values)
    if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        return values.cast(pa.string())
    if _is_binary(kind):
        return _binary(values)
    return values


def _extension(values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind: Any = values.type
    name = str(getattr(kind, "extension_name", ""))
    storage = pa.chunked_array([chunk.storage for chunk in values.chunks], kind.storage_type)
    if name == "arrow.bool8":
        return pc.not_equal(storage, 0)
    if name == "arrow.uuid":
        return _uuids(storage)
    if name in _INT128:
        return _int128(storage)
    return _unified(storage)


def _dictionary(values: pa.ChunkedArray) -> pa.ChunkedArray:
    inner = values.type.value_type
    if pa.types.is_string_view(inner) or pa.types.is_large_string(inner) or pa.types.is_string(inner):
        # Of a dictionary of views, which polars writes, pyarrow can do nothing but cast it.
        return values.cast(CATEGORY).unify_dictionaries()
    if _is_binary(inner):
        return _unified(values.cast(inner))
    return values


def _is_binary(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or pa.types.is_binary_view(kind)
        or pa.types.is_fixed_size_binary(kind)
    )


def _binary(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Text if all of it is UTF-8; else as it came."""
    try:
        # A cast checks that it is UTF-8.
        return values.cast(pa.binary()).cast(pa.string())
    except pa.ArrowException:
        return values


def _uuids(values: pa.ChunkedArray) -> pa.ChunkedArray:
    texts = [None if one is None else str(uuid.UUID(bytes=one)) for one in values.to_pylist()]
    return pa.chunked_array([pa.array(texts, pa.string())])


def _int128(values: pa.ChunkedArray) -> pa.ChunkedArray:
    numbers = [None if one is None else int.from_bytes(one, "little", signed=True) for one in values.to_pylist()]
    try:
        return pa.chunked_array([pa.array(numbers, pa.int64())])
    except (OverflowError, pa.ArrowException):
        return pa.chunked_array([pa.array([None if one is None else str(one) for one in numbers], pa.string())])
