"""Tables of several files as one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from tasks.errors import InvalidTable
from tasks.sources.folder import Part
from tasks.tables.reading.result import Reading, no_lines
from tasks.tables.value_types.natives import is_text

#: What the name of a folder says that is a whole number and nothing else.
_WHOLE: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)


@dataclass(frozen=True)
class Piece:
    """What was read of one file."""

    part: Part
    reading: Reading


def texts_apart(pieces: Sequence[Piece]) -> frozenset[str]:
    """The columns that are text in one file and not in another that is a CSV: there they are to be read as written."""
    texts, others = set(), set()
    for piece in pieces:
        for field in piece.reading.table.schema:
            if is_text(field.type):
                texts.add(field.name)
            elif piece.reading.format == "csv" and not pa.types.is_null(field.type):
                others.add(field.name)
    return frozenset(texts & others)


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
            # Whole numbers and decimals, a column without a value and any other, go together; text and numbers do not.
            schema = pa.unify_schemas([schema, table.schema], promote_options="permissive")
        except pa.ArrowException:
            raise _differing(piece, first, table.schema, schema) from None
        tables.append(table)
    whole = pa.concat_tables([table.cast(schema) for table in tables])
    readings = [piece.reading for piece in pieces]
    return replace(
        first.reading,
        table=_with_folders(whole, pieces),
        findings=list({found.code: found for each in readings for found in each.findings}.values()),
        index=frozenset.intersection(*(each.index for each in readings)),
        decimal="," if any(each.decimal == "," for each in readings) else ".",
        lines_of=no_lines,
    )


def _in_order(piece: Piece, first: Piece) -> pa.Table:
    names, table = first.reading.table.column_names, piece.reading.table
    missing = [name for name in names if name not in table.column_names]
    added = [name for name in table.column_names if name not in names]
    if missing or added or len(names) != table.num_columns:
        wrong = (
            f"has no column {missing[0]!r}"
            if missing
            else f"has a column {added[0]!r} more"
            if added
            else ("has a column twice")
        )
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
    return table.select(names).replace_schema_metadata(None) if len(set(names)) == len(names) else table


def _differing(piece: Piece, first: Piece, found: pa.Schema, before: pa.Schema) -> InvalidTable:
    for field in found:
        other = before.field(field.name)
        try:
            pa.unify_schemas([pa.schema([other]), pa.schema([field])], promote_options="permissive")
        except pa.ArrowException:
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
