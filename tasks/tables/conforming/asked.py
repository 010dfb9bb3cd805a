"""A table of rows to estimate, made to fit a schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.errors import InvalidRows
from tasks.tables.checks import BadCell, row_error
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.names import refusal, sorted_out
from tasks.tables.conforming.notes import Lines, Notes
from tasks.tables.conforming.values import absent, fitted
from tasks.tables.conforming.ways import FORGIVING, Ways
from tasks.tables.reading.result import Reading, no_lines
from tasks.tables.schema import arrow_schema
from tasks.tables.value_types.conversion import Misfit, converted

#: Said of a body without rows.
NO_ROWS: Final = "there are no rows; give at least one"


class Asked(msgspec.Struct, frozen=True):
    """Rows that a model can be asked about."""

    #: The features, conformed.
    table: pa.Table
    #: What comes back with the result, by column: keys first, then what the caller keeps.
    kept: dict[str, Any]
    notes: Notes


def asked(reading: Reading, schema: Schema, ways: Ways = FORGIVING) -> Asked:
    """The rows of an estimate in the schema's order and types (`arrow_schema`); NaN is a missing number.

    What is safe to forgive is forgiven, and noted: columns that the model does not know, values and whole columns that
    are missing, text that stands for another type. A category that training did not know counts as missing.
    Raises InvalidRows, which names the columns that are missing, or the first row of a column with a value that does
    not fit; rows are counted from 0, lines of a file from 1. Raises InvalidField for a column to keep that is not
    there.
    """
    table, lines = reading.table, None if reading.lines_of is no_lines else reading.lines_of
    notes = Notes(lines, reading.findings)
    if not table.num_rows:
        raise InvalidRows(NO_ROWS).at("/rows")
    if wrong := refusal(table.column_names, schema, ways, silent=reading.index):
        raise InvalidRows(wrong).at("/rows")
    try:
        kept = sorted_out(table.column_names, schema, ways, notes, silent=reading.index)
    except InvalidRows as error:
        raise error.at("/rows") from None
    present = set(table.column_names)

    def give(column: Column) -> Any:
        return converted(table.column(column.name), column) if column.name in present else None

    try:
        features = conformed(schema, table.num_rows, give, ways=ways, notes=notes)
    except BadCell as bad:
        raise fault(bad, lines) from None
    return Asked(features, {name: table.column(name) for name in kept}, notes)


def conformed(schema: Schema, rows: int, give: Callable[[Column], Any], *, ways: Ways, notes: Notes) -> pa.Table:
    """The features of rows whose columns are sorted out. `give` gives the values of a column as `converted` makes them,
    None if it is not there. Raises BadCell."""
    parts = []
    for column in schema.columns:
        values = give(column)
        if isinstance(values, Misfit):
            raise BadCell(values.row, column.name, values.reason)
        parts.append(absent(column, rows, notes) if values is None else fitted(values, column, ways, notes))
    return pa.Table.from_arrays(parts, schema=arrow_schema(schema))


def fault(bad: BadCell, lines: Lines | None) -> InvalidRows:
    """The error that names a cell by its row, or by its line of a file."""
    if lines is None:
        return row_error(bad.row, bad.column, bad.reason)
    return InvalidRows(f"line {lines([bad.row])[0]}, column {bad.column!r}: {bad.reason}")
