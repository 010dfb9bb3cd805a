"""Estimate rows in JSON, read fast: one typed decoding a body, one table for many bodies."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.tables.batch import MOST_NUMBERS_ROWS, Batch, Numbers
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.documents import asked_document
from tasks.tables.conforming.notes import Notes
from tasks.tables.conforming.values import is_beyond, note_all_beyond, note_beyond, note_unseen
from tasks.tables.conforming.ways import FORGIVING, Ways
from tasks.tables.json_size import check_size
from tasks.tables.nested import JSON, json_text
from tasks.tables.number_rows import LEAST_BYTES, NumberRows, number_rows
from tasks.tables.row_decoder import Decoder, decoded, decoder_for
from tasks.tables.rows import Rows
from tasks.tables.schema import arrow_schema
from tasks.tables.value_types.conversion import Misfit, converted_list


class RowReader:
    """Reads `{"rows": [[...]]}`, `{"rows": [{...}]}` and `{"columns": {name: [...]}}` for one schema.

    Making one compiles a decoder, which takes some milliseconds; make it once a model version.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._arrow = arrow_schema(schema)
        self._numeric = all(column.type == "number" for column in schema.columns)
        self._dictionaries = [pa.array(column.categories, pa.string()) for column in schema.columns]
        self._codes = [{text: code for code, text in enumerate(column.categories)} for column in schema.columns]
        self._plain = all(column.type in ("number", "boolean", "category") for column in schema.columns)
        self._codes_of = [
            codes if column.type == "category" else None
            for column, codes in zip(schema.columns, self._codes, strict=True)
        ]
        self._nested = {index for index, column in enumerate(schema.columns) if column.format == JSON}
        self._dated = any(column.type == "date" for column in schema.columns)
        self._decode = decoder_for(schema, exact=True)
        # Where nothing is known of the columns, values are as they must be, or are not.
        self._tells = any(column.typical is not None for column in schema.columns)
        self._loose: Decoder | None = None

    def read(self, body: bytes, bounds: Bounds = UNBOUNDED, ways: Ways = FORGIVING) -> Rows:
        """The rows of one body, checked and forgiven by the rules of `tasks.tables.conforming.asked`.

        Raises BodyTooLarge past `bounds`, MalformedBody for what is not JSON, InvalidField for other keys than `rows`
        and `columns`, InvalidRows for the rest; messages count rows from 0 and name the column, pointers lead to the
        value.
        """
        return self.begin(body, bounds, ways).settled()

    def begin(self, body: bytes, bounds: Bounds = UNBOUNDED, ways: Ways = FORGIVING) -> Rows:
        """The same, where numbers may still be to come: what asks for them then may raise OtherRows."""
        again = partial(self._read_whole, body, bounds, ways)
        if self._numeric and len(body) >= LEAST_BYTES and not ways.keep:
            found = number_rows(body, [column.nullable for column in self._schema.columns], bounds)
            # What looks like too many rows may turn out to be something else.
            if found is not None and len(found) <= bounds.rows:
                return Rows(numbers=found, tell=partial(self._notes_of, found), again=again)
        return again()

    def _read_whole(self, body: bytes, bounds: Bounds, ways: Ways) -> Rows:
        check_size(body, bounds)
        rows = self._read(body, ways, bounds)
        bounds.check_rows(len(rows))
        return rows

    def _read(self, body: bytes, ways: Ways, bounds: Bounds) -> Rows:
        if self._decode is None or ways.keep:
            return self._read_slowly(body, ways, bounds)
        rows = decoded(self._decode, body)
        if rows is None:
            rows = self._read_loosely(body)
        if rows is not None and self._dated:
            rows = self._conformed(rows)
        return self._read_slowly(body, ways, bounds) if rows is None else rows

    def _notes_of(self, found: NumberRows) -> Notes:
        notes, (least, most) = Notes(), found.extremes()
        if self._tells:
            ends = zip(least, most, self._schema.columns, strict=True)
            beyond = {place: ends[2] for place, ends in enumerate(ends) if is_beyond(*ends)}
            if beyond:
                note_all_beyond(found.part(0, len(found)), beyond, notes)
        return notes

    def _read_loosely(self, body: bytes) -> Rows | None:
        """Rows whose values have the right types, with notes on those that training did not know."""
        if not self._tells:
            return None
        if self._loose is None:
            self._loose = decoder_for(self._schema, exact=False)
        rows = decoded(self._loose, body) if self._loose else None
        if rows is not None:
            rows.notes = notes = Notes()
            for index, (column, values) in enumerate(zip(self._schema.columns, rows.columns, strict=True)):
                self._note(index, column, values, notes)
        return rows

    def _note(self, index: int, column: Column, values: Sequence[Any], notes: Notes) -> None:
        if column.type == "number":
            note_beyond(np.array(values, dtype=np.float64), column, notes)
        elif column.type == "category" and column.typical is not None:
            codes = self._codes[index]
            unseen = np.array([value is not None and value not in codes for value in values])
            if unseen.any():
                note_unseen(unseen, values, column, notes)

    def _conformed(self, rows: Rows) -> Rows | None:
        """The same rows as a table; None where a date is none."""
        arrays = []
        for index, (column, values) in enumerate(zip(self._schema.columns, rows.columns, strict=True)):
            found = converted_list(values, column) if column.type == "date" else self._array(index, values)
            if isinstance(found, Misfit) or (column.type == "date" and found.null_count and not column.nullable):
                return None
            arrays.append(found)
        return Rows(table=pa.Table.from_arrays(arrays, schema=self._arrow), notes=rows.notes)

    def table(self, parts: Sequence[Rows]) -> pa.Table:
        """The rows of all parts, in order, as one conformed table."""
        if any(part.table is not None or part.numbers is not None for part in parts):
            tables = [self._table_of(part) for part in parts]
            return tables[0] if len(tables) == 1 else pa.concat_tables(tables)
        if self._numeric:
            return self._matrix_table(parts)
        columns = parts[0].columns if len(parts) == 1 else list(zip(*_joined(parts), strict=True))
        arrays = [self._array(index, values) for index, values in enumerate(columns)]
        return pa.Table.from_arrays(arrays, schema=self._arrow)

    def _table_of(self, part: Rows) -> pa.Table:
        if part.numbers is not None:
            return self._table_of_rows(part.numbers.part(0, len(part)))
        return self.table([part]) if part.table is None else part.table

    def batch(self, parts: Sequence[Rows]) -> Batch:
        """The same rows, to be predicted at once."""
        rows, table = sum(map(len, parts)), partial(self.table, parts)
        coming = [part.numbers for part in parts if part.numbers is not None]
        if len(coming) == len(parts):
            first = coming[0]
            if len(coming) == 1:
                return Batch(rows, table, lambda: first, lambda count: self._table_of_rows(first.part(0, count)))
            whole = np.concatenate([one.part(0, len(one)) for one in coming])
            return Batch(rows, table, lambda: whole, lambda count: self._table_of_rows(whole[:count]))
        plain = rows <= MOST_NUMBERS_ROWS and self._plain
        if not plain or coming or any(part.table is not None for part in parts):
            return Batch(rows, table)
        return Batch(rows, table, partial(self._numbers, parts))

    def _read_slowly(self, body: bytes, ways: Ways, bounds: Bounds) -> Rows:
        """What `read` promises, value by value, with words for whatever is wrong."""
        found = asked_document(body, self._schema, ways, bounds)
        return Rows(table=found.table, kept=found.kept, notes=found.notes)

    def _matrix_table(self, parts: Sequence[Rows]) -> pa.Table:
        if len(parts) == 1 and parts[0].by_columns:
            return self._table_of_columns(np.array(parts[0].columns, dtype=np.float64))
        return self._table_of_rows(self._numbers(parts))

    def _table_of_rows(self, matrix: Numbers) -> pa.Table:
        return self._table_of_columns(np.ascontiguousarray(matrix.T))

    def _table_of_columns(self, matrix: Numbers) -> pa.Table:
        size = matrix.shape[1] * 8
        buffer, make, kind = pa.py_buffer(matrix), pa.Array.from_buffers, pa.float64()
        arrays = [make(kind, size // 8, [None, buffer.slice(i * size, size)], 0) for i in range(len(matrix))]
        return pa.Table.from_arrays(arrays, schema=self._arrow)

    def _numbers(self, parts: Sequence[Rows]) -> Numbers:
        # None becomes NaN.
        if not self._numeric:
            codes = self._codes_of
            rows = (zip(row, codes, strict=True) for row in _joined(parts))
            found = [[x if look is None else look.get(x) for x, look in row] for row in rows]
            return np.array(found, dtype=np.float64)
        width, count = len(self._schema.columns), sum(map(len, parts))
        # Faster than np.array over tuples.
        return np.fromiter(chain.from_iterable(_joined(parts)), np.float64, count * width).reshape(count, width)

    def _array(self, index: int, values: Sequence[Any]) -> pa.Array:
        kind = self._schema.columns[index].type
        if kind == "number":
            return pa.array(np.array(values, dtype=np.float64))
        if kind == "boolean":
            return pa.array(values, pa.bool_())
        if kind == "text":
            return pa.array(map(json_text, values) if index in self._nested else values, pa.string())
        codes = pa.array(list(map(self._codes[index].get, values)), pa.int32())
        return pa.DictionaryArray.from_arrays(codes, self._dictionaries[index])


def _joined(parts: Sequence[Rows]) -> Any:
    return chain.from_iterable(part.rows for part in parts)
