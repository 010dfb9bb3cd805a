"""The columns of a CSV with the types that its texts have, where the reader's own guess cannot be relied on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import Schema
from tasks.tables.doubles import EXACT
from tasks.tables.reading import csv_doubts
from tasks.tables.reading.csv_source import WIDE_COLUMNS, Source, parse
from tasks.tables.reading.csv_uneven import Uneven
from tasks.tables.value_types.many_columns import within

#: The types of columns that the same text never has for another reason.
_CERTAIN: Final = frozenset({pa.string().id, pa.bool_().id, pa.null().id, pa.date32().id, pa.timestamp("s").id})
_TIMES: Final = frozenset({pa.time32("s").id, pa.time64("us").id})
#: The columns whose texts the caller will convert, by the types of a schema.
_TEXTS: Final = frozenset({"category", "text", "date"})


def typed(source: Source, schema: Schema | None, uneven: Uneven) -> pa.Table:
    names = _names(source)
    texts = {column.name for column in schema.columns if column.type in _TEXTS} if schema else set()
    kinds = {f"f{index}": pa.string() for index, name in enumerate(names) if name in texts}
    table = _parsed(source, kinds, uneven)
    if uneven.count:
        return table
    table = _without_doubts(source, table, kinds)
    if source.dialect.delimiter != "," and source.dialect.decimal == "." and source.options.decimal is None:
        table = _with_commas(source, table, kinds)
    return table.rename_columns(names)


def _parsed(source: Source, kinds: Mapping[str, pa.DataType], uneven: Uneven) -> pa.Table:
    """What `parse` gives. To try all types on each column takes Arrow four times as long as to be told the type, which
    is much where there are many columns."""
    if source.width > WIDE_COLUMNS and (decimals := _decimals(source)):
        try:
            return parse(source, {**dict.fromkeys(decimals, pa.float64()), **kinds}, uneven)
        except pa.ArrowInvalid:
            # One of them has something else further down.
            uneven.forget()
    return parse(source, kinds, uneven)


def _decimals(source: Source) -> list[str]:
    """The columns that have a number with decimals in the first row, which are float64 if all other values fit."""
    start = source.text.find(b"\n") + 1 if source.header else 0
    fields = source.text[start : source.text.find(b"\n", start)].rstrip(b"\r").split(source.dialect.delimiter.encode())
    if len(fields) != source.width:
        return []
    number = re.compile(rb"-?[0-9]+" + re.escape(source.dialect.decimal.encode()) + rb"[0-9]+")
    return [f"f{place}" for place, field in enumerate(fields) if number.fullmatch(field)]


def _without_doubts(source: Source, table: pa.Table, kinds: Mapping[str, pa.DataType]) -> pa.Table:
    """The table with the columns as text of which the reader may have taken for numbers what is none."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    suspects = {
        name: column for name, column in columns.items() if name not in kinds and column.type.id not in _CERTAIN
    }
    if not suspects:
        return table
    doubtful = csv_doubts.may_hold_doubtful(source.text, source.dialect.delimiter)
    long = csv_doubts.has_long_numbers(source.text)
    beyond: set[str] = set()
    if long:
        exact = within(table, EXACT)
        places = {name for place, name in enumerate(table.column_names) if place not in exact}
        beyond = {name for name, column in suspects.items() if name in places and csv_doubts.is_beyond(column)}
    chosen = [name for name, column in suspects.items() if doubtful or name in beyond or column.type.id in _TIMES]
    if not chosen:
        return table
    texts = parse(source, dict.fromkeys(chosen, pa.string()), None, only=chosen)
    for name, written in zip(chosen, texts.columns, strict=True):
        if (
            columns[name].type.id in _TIMES
            or (doubtful and csv_doubts.are_doubtful(written))
            or (name in beyond and csv_doubts.are_long(written))
        ):
            columns[name] = written
    return pa.table(columns)


def _with_commas(source: Source, table: pa.Table, kinds: Mapping[str, pa.DataType]) -> pa.Table:
    """The table with those columns as numbers whose decimals have commas that the first lines did not show."""
    columns = dict(zip(table.column_names, table.columns, strict=True))
    texts = [
        name
        for name, column in columns.items()
        if name not in kinds and pa.types.is_string(column.type) and _has_commas(column)
    ]
    if not texts:
        return table
    commas = parse(source, {}, None, only=texts, decimal=",")
    found = dict(zip(texts, commas.columns, strict=True))
    return pa.table(columns | {name: column for name, column in found.items() if pa.types.is_floating(column.type)})


def _has_commas(values: pa.ChunkedArray) -> bool:
    present = values.slice(0, 1000).drop_null()
    whole = r"^\s*[-+]?[0-9]*(,[0-9]+)?\s*$"
    if not (len(present) and pc.all(pc.match_substring_regex(present, whole)).as_py()):
        return False
    return bool(pc.all(pc.match_substring_regex(values, whole)).as_py())


def _names(source: Source) -> list[str]:
    """The names of the columns: the first may be empty, as an index's is; others without one have their place."""
    if not source.options.header:
        return [f"column_{place}" for place in range(1, source.width + 1)]
    first = source.dialect.first
    return [name if name or not place else f"Unnamed: {place}" for place, name in enumerate(first)]
