"""Decoders of estimate bodies in JSON, made for a schema: one typed decoding a body."""

from __future__ import annotations

import re
import types
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, NamedTuple

import msgspec

from tasks.tables.checks import LARGEST
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.values import bounds as bounds_of
from tasks.tables.nested import JSON
from tasks.tables.rows import Rows

_TYPES: Final[dict[str, Any]] = {
    "number": Annotated[float, msgspec.Meta(ge=-LARGEST, le=LARGEST)],
    "boolean": bool,
    "category": str,
    "text": str,
    "date": str,
}
#: A cell of a column of JSON that is not missing.
_CELL: Final = dict[str, Any] | list[Any] | str | int | float | bool
#: Characters that msgspec takes in no name of a field (findings/msgspec-names-with-quotes.sh).
_UNUSABLE: Final = re.compile(r'["\\\x00-\x1f]')


class Decoder(NamedTuple):
    """What reads a body, and the struct that a row becomes which is an object."""

    record: type[msgspec.Struct]
    decode: Callable[[bytes], Any]


def decoded(decoder: Decoder, body: bytes) -> Rows | None:
    """The rows of a body that is all as the decoder has it; None for any other."""
    try:
        found = decoder.decode(body)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return None
    rows = found.rows
    if rows is not msgspec.UNSET and found.columns is msgspec.UNSET:
        if not rows:
            return None
        if decoder.record in map(type, rows):
            rows = [msgspec.structs.astuple(row) if isinstance(row, decoder.record) else row for row in rows]
        return Rows(rows=rows)
    columns = () if found.columns is msgspec.UNSET else msgspec.structs.astuple(found.columns)
    if rows is not msgspec.UNSET or not columns or not columns[0] or len(set(map(len, columns))) > 1:
        return None
    return Rows(columns=columns)


def decoder_for(schema: Schema, *, exact: bool) -> Decoder | None:
    """The decoder of a body; none if a column has a name that msgspec cannot take.

    It takes rows that have all features and nothing else. An `exact` one takes such values alone that training knew.
    """
    kinds = [_type(column, exact=exact) for column in schema.columns]
    fields = [f"f{index}" for index in range(len(kinds))]
    rename = {field: column.name for field, column in zip(fields, schema.columns, strict=True)}
    if any(_UNUSABLE.search(name) for name in rename.values()):
        return None
    options: Any = {"rename": rename, "forbid_unknown_fields": True, "gc": False}
    record = msgspec.defstruct("Record", list(zip(fields, kinds, strict=True)), **options)
    lists = [(field, types.GenericAlias(list, (kind,))) for field, kind in zip(fields, kinds, strict=True)]
    columns = msgspec.defstruct("Columns", lists, **options)
    either: Any = tuple[tuple(kinds)] | record  # type: ignore[misc]
    body = msgspec.defstruct(
        "Body",
        [
            ("rows", list[either] | msgspec.UnsetType, msgspec.UNSET),
            ("columns", columns | msgspec.UnsetType, msgspec.UNSET),
        ],
        forbid_unknown_fields=True,
    )
    return Decoder(record, msgspec.json.Decoder(body).decode)


def _type(column: Column, *, exact: bool) -> Any:
    kind = _TYPES[column.type] if column.format != JSON else _CELL
    known = bounds_of(column)
    if exact and column.type == "number" and known:
        kind = Annotated[float, msgspec.Meta(ge=max(known[0], -LARGEST), le=min(known[1], LARGEST))]
    if exact and column.type == "category" and column.typical is not None:
        kind = Literal[tuple(column.categories)]
    return kind | None if column.nullable else kind
