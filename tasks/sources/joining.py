"""Tables of several files as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import pyarrow as pa

from tasks.errors import InvalidTable
from tasks.sources.folder import Part
from tasks.tables.findings import Finding
from tasks.tables.reading.result import Reading, no_lines

#: What the name of a folder says that is a whole number and nothing else.
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True)
class Piece:
    """What was read of one file."""

    part: Part
    reading: Reading


def texts_apart(pieces: Sequence[Piece]) -> frozenset[str]:
    """The columns whose types in several files do not go together, and that are in a CSV, which has a type for each by
    its texts alone: there they are to be read as written."""
    kinds: dict[str, set[pa.DataType]] = {}
    written: set[str] = set()
    for piece in pieces:
        for field in piece.reading.table.schema:
            kinds.setdefault(field.name, set()).add(field.type)
            if piece.reading.format == "csv":
                written.add(field.name)
    return frozenset(name for name in written if len(kinds[name]) > 1 and not _go_together(kinds[name]))


def _go_together(kinds: Iterable[pa.DataType]) -> bool:
    """Whether there is a type for all of these: for whole numbers and decimals there is, for text and numbers not."""
    try:
        pa.unify_schemas([pa.schema([("", kind)]) for kind in kinds], promote_options="permissive")
    except pa.ArrowException:
        return False
    return True


def joined(pieces: Sequence[Piece]) -> Reading:
    """All rows, file by file; columns in the order of the first one. What folders say of columns is in columns behind
    the others: whole numbers if all of it is, else text.

    Raises InvalidTable, which names the file, for one that has other columns than the first or types that do not go
    together with those before it.
    """
    first = pieces[0]
    tables, schema = [], first.reading.table.schema.remove_metadata()
    for piece in pieces:
        table = _in_order(piece, first)
        try:
            schema = pa.unify_schemas([schema, table.schema], promote_options="permissive")
        except pa.ArrowException:
            raise _differing(piece, first, table.schema, schema) from None
        tables.append(table)
    whole = pa.concat_tables([_cast(table, schema, piece) for table, piece in zip(tables, pieces, strict=True)])
    readings = [piece.reading for piece in pieces]
    return replace(
        first.reading,
        table=_with_folders(whole, pieces),
        findings=_together(readings),
        index=frozenset.intersection(*(each.index for each in readings)),
        decimal="," if any(each.decimal == "," for each in readings) else ".",
        lines_of=no_lines,
    )


def _cast(table: pa.Table, schema: pa.Schema, piece: Piece) -> pa.Table:
    try:
        return table.cast(schema)
    except pa.ArrowException as error:
        reason = str(error).partition("\n")[0].rstrip(".")
        raise InvalidTable(f"{piece.part.name} has a value that other files have no type for: {reason}") from None


def _together(readings: Sequence[Reading]) -> list[Finding]:
    """What was found in each file, once for a column, and without rows, which are those of one file."""
    found = {(one.code, one.column): one for each in readings for one in each.findings}
    return [msgspec.structs.replace(one, rows=[], lines=[]) for one in found.values()]


def _in_order(piece: Piece, first: Piece) -> pa.Table:
    names, table = first.reading.table.column_names, piece.reading.table
    own = Counter(table.column_names)
    missing = [name for name in names if name not in own]
    added = sorted(own.keys() - set(names))
    if twice := [name for name, times in own.items() if times > 1]:
        raise InvalidTable(f"{piece.part.name} has two columns {twice[0]!r}; a source of several files has each once")
    if missing or added:
        wrong = f"has no column {missing[0]!r}" if missing else f"has a column {added[0]!r} more"
        raise InvalidTable(
            f"{piece.part.name} {wrong}, unlike {first.part.name}; all files of a source have the same columns"
        )
    if piece.part.columns.keys() != first.part.columns.keys():
        raise InvalidTable(
            f"the folders of {piece.part.name} name other columns than those of {first.part.name}; all files of a"
            " source have the same"
        )
    if both := sorted(piece.part.columns.keys() & set(names)):
        raise InvalidTable(f"{piece.part.name} has a column {both[0]!r}, and a folder around it names one; rename one")
    return table.select(names).replace_schema_metadata(None)


def _differing(piece: Piece, first: Piece, found: pa.Schema, before: pa.Schema) -> InvalidTable:
    for field in found:
        other = before.field(field.name)
        if not _go_together((other.type, field.type)):
            return InvalidTable(
                f"{piece.part.name} has {field.type} in the column {field.name!r}, where {first.part.name} and those"
                f" after it have {other.type}; all files of a source have the same types"
            )
    return InvalidTable(f"{piece.part.name} has other types than {first.part.name}")


def _with_folders(table: pa.Table, pieces: Sequence[Piece]) -> pa.Table:
    for name in pieces[0].part.columns:
        said = [piece.part.columns[name] for piece in pieces]
        whole = all(value is None or _WHOLE.fullmatch(value) for value in said)
        kind = pa.int64() if whole else pa.string()
        values = [
            pa.repeat(
                pa.scalar(int(value) if whole and value is not None else value, kind), piece.reading.table.num_rows
            )
            for value, piece in zip(said, pieces, strict=True)
        ]
        table = table.append_column(name, pa.chunked_array(values, kind))
    return table
