"""A CSV as a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tasks.errors import MalformedBody
from tasks.tables import csv_size
from tasks.tables.bounds import Bounds
from tasks.tables.columns import Schema
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.reading import csv_doubts
from tasks.tables.reading.csv_dialect import Dialect, dialect_of, said_delimiter
from tasks.tables.reading.csv_lines import Lines
from tasks.tables.reading.csv_quotes import StrayQuote, field_quotes, unescaped
from tasks.tables.reading.csv_quoting import MISSING, unquoted_is_missing
from tasks.tables.reading.csv_text import as_text
from tasks.tables.reading.csv_uneven import Uneven, trimmed
from tasks.tables.reading.edges import without_edges
from tasks.tables.reading.hints import CsvOptions, Hints
from tasks.tables.reading.result import Reading

#: What is a missing value beside an empty field, where nothing else is said; between quotes it is text.
NULL: Final = "\\N"
#: What is true and false; 1 and 0 are numbers.
TRUE: Final = ("true", "True", "TRUE")
FALSE: Final = ("false", "False", "FALSE")
#: Bytes that the reader takes at a time: what a core's cache holds. A table of very many columns is taken at once, as
#: each part costs something for each column, and so is one with longer records.
BLOCK_BYTES: Final = 1024 * 1024
MOST_BLOCK_BYTES: Final = 2**31 - 1
WIDE_COLUMNS: Final = 500
#: What Arrow says of a record that is longer than its blocks.
_LONG_RECORD: Final = "straddling object"
#: The types of columns that the same text never has for another reason.
_CERTAIN: Final = frozenset({pa.string().id, pa.bool_().id, pa.null().id, pa.date32().id, pa.timestamp("s").id})
_TIMES: Final = frozenset({pa.time32("s").id, pa.time64("us").id})
#: Stands for the separators' names in messages.
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
#: The columns whose texts the caller will convert, by the types of a schema.
_TEXTS: Final = frozenset({"category", "text", "date"})


@dataclass(frozen=True, kw_only=True)
class Source:
    """The text of one CSV, and how it is written."""

    text: bytes
    dialect: Dialect
    options: CsvOptions
    #: What is a missing value beside an empty field, where no quotation marks are around it.
    unquoted: Sequence[str]

    @property
    def width(self) -> int:
        """How many fields the first record has."""
        return len(self.dialect.first)

    @property
    def header(self) -> int:
        """How many records stand above the rows."""
        return int(self.options.header)


def read_csv(data: bytes, hints: Hints, bounds: Bounds, schema: Schema | None = None) -> Reading:
    """The table. With a schema, its categories, texts and dates are strings whatever they look like.

    Raises MalformedBody for text in another encoding, records of unequal length and stray quotation marks, with the
    line; BodyTooLarge past `bounds`.
    """
    text, findings = as_text(data, hints, bounds)
    if b"\n" not in text:
        # As old Macs end lines.
        text = text.replace(b"\r", b"\n")
    said, before = said_delimiter(text)
    text = text[before:]
    options = hints.csv
    if said and options.delimiter is None:
        options = CsvOptions(delimiter=said, **{name: getattr(options, name) for name in _OTHERS})
    _refuse_single_line(text)
    dialect = dialect_of(text, options)
    text, found = _regular(text, dialect)
    if options.missing_words is None and unquoted_is_missing(text, dialect.delimiter):
        findings.append(finding("unquoted_missing", "the CSV quotes its texts, and NA stands without quotation marks"))
        unquoted = [NULL, MISSING]
    else:
        unquoted = [NULL]
    source = Source(text=text, dialect=dialect, options=options, unquoted=unquoted)
    findings += _said(source) + found
    csv_size.check_size(text, bounds, delimiter=dialect.delimiter, columns=source.width)
    source, table, found = _even(source, schema, bounds)
    findings += found
    table, found = without_edges(table, keep_rows=source.width == 1)
    lines = Lines(
        text, delimiter=dialect.delimiter, header=source.header, empty=source.width == 1, before=int(before > 0)
    )
    found = [_with_lines(one, lines) for one in found]
    return Reading(table=table, format="csv", findings=findings + found, decimal=source.dialect.decimal, lines_of=lines)


_OTHERS: Final = ("decimal", "encoding", "missing_words", "header")


def _with_lines(found: Finding, lines: Lines) -> Finding:
    return msgspec.structs.replace(found, lines=lines(found.rows)) if found.rows else found


def _refuse_single_line(text: bytes) -> None:
    if b"\n" not in text and not text.endswith(b"\r"):
        raise MalformedBody(
            "the CSV is a single line: a header and at least one row are needed; curl -d takes line breaks away, send a"
            " file with curl --data-binary @FILE or -F file=@FILE"
        )


def _regular(text: bytes, dialect: Dialect) -> tuple[bytes, list[Finding]]:
    """The text without what RFC 4180 does not know and some tools write: blanks behind separators, and backslashes
    before marks."""
    if dialect.blanks:
        text = _without_blanks(text, dialect.delimiter)
    if b'"' not in text:
        return text, []
    try:
        for _ in field_quotes(text, dialect.delimiter):
            pass
    except StrayQuote as stray:
        found = unescaped(text, dialect.delimiter) if b'\\"' in text else None
        if found is None:
            raise MalformedBody(str(stray)) from None
        message = 'quotation marks inside of quoted fields have backslashes before them, and were read as ""'
        return found, [finding("escaped_quotes", message)]
    return text, []


def _without_blanks(text: bytes, delimiter: str) -> bytes:
    mark = re.escape(delimiter.encode())
    if b'"' not in text:
        return re.sub(mark + b" +", delimiter.encode(), text)
    pattern = re.compile(rb'"[^"]*"|(?<=' + mark + b") +")
    return pattern.sub(lambda found: found[0] if found[0].startswith(b'"') else b"", text)


def _said(source: Source) -> list[Finding]:
    """What was found out of how it is written, where that is not the rule."""
    dialect, options = source.dialect, source.options
    words = []
    if dialect.delimiter != "," and options.delimiter is None and source.width > 1:
        words.append(f"fields are separated by {_NAMES[dialect.delimiter]}")
    if dialect.decimal == "," and options.decimal is None:
        words.append("decimals are written with a comma")
    if not words:
        return []
    return [finding("csv_dialect", " and ".join(words))]


def _even(source: Source, schema: Schema | None, bounds: Bounds) -> tuple[Source, pa.Table, list[Finding]]:
    """The table of all records that have the same length, wholly empty fields at the end apart."""
    uneven = Uneven(source.width, source.dialect.delimiter)
    table = _typed(source, schema, uneven)
    if not uneven.count:
        return source, table, []
    if not uneven.empty:
        raise _ragged(source)
    text = trimmed(source.text, source.width, source.dialect.delimiter)
    source = replace(source, text=text)
    uneven = Uneven(source.width, source.dialect.delimiter)
    table = _typed(source, schema, uneven)
    if uneven.count:
        raise _ragged(source)
    message = "some lines have empty fields at their end beyond those of the header, which were left out"
    return source, table, [finding("empty_fields", message)]


def _ragged(source: Source) -> MalformedBody:
    # Only a reader of one thread knows the record's number.
    uneven = Uneven(source.width, source.dialect.delimiter)
    _parse(source, {}, uneven, threads=False)
    row = uneven.worst
    lines = Lines(source.text, delimiter=source.dialect.delimiter, header=0, empty=source.width == 1, before=0)
    line = lines.record(row.number - 1) if row.number else 0
    separated = "" if source.dialect.delimiter == "," else f" (separated by {source.dialect.delimiter!r})"
    return MalformedBody(
        f"line {line} of the CSV has {row.actual_columns} fields where {row.expected_columns} are expected{separated};"
        " give every line as many fields as the header"
    )


def _typed(source: Source, schema: Schema | None, uneven: Uneven) -> pa.Table:
    names = _names(source)
    texts = {column.name for column in schema.columns if column.type in _TEXTS} if schema else set()
    kinds = {f"f{index}": pa.string() for index, name in enumerate(names) if name in texts}
    table = _parse(source, kinds, uneven)
    if uneven.count:
        return table
    table = _without_doubts(source, table, kinds)
    if source.dialect.delimiter != "," and source.dialect.decimal == "." and source.options.decimal is None:
        table = _with_commas(source, table, kinds)
    return table.rename_columns(names)


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
    beyond = {name for name, column in suspects.items() if csv_doubts.is_beyond(column)} if long else set()
    chosen = [name for name, column in suspects.items() if doubtful or name in beyond or column.type.id in _TIMES]
    if not chosen:
        return table
    texts = _parse(source, dict.fromkeys(chosen, pa.string()), None, only=chosen)
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
    commas = _parse(source, {}, None, only=texts, decimal=",")
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


def _parse(
    source: Source,
    kinds: Mapping[str, pa.DataType],
    uneven: Uneven | None,
    *,
    only: Sequence[str] | None = None,
    threads: bool = True,
    decimal: str | None = None,
) -> pa.Table:
    """The rows, in columns f0, f1, ...; records of another length are noted in `uneven` and left out."""
    from pyarrow import csv

    words = source.options.missing_words
    text, wide = source.text, source.width > WIDE_COLUMNS
    convert = csv.ConvertOptions(
        null_values=["", *(words if words is not None else source.unquoted)],
        true_values=TRUE,
        false_values=FALSE,
        strings_can_be_null=True,
        quoted_strings_can_be_null=words is not None,
        column_types=dict(kinds),
        include_columns=only,
        decimal_point=decimal or source.dialect.decimal,
    )
    parse = csv.ParseOptions(
        delimiter=source.dialect.delimiter,
        newlines_in_values=b'"' in text,
        # A line of one column that is empty is a missing value.
        ignore_empty_lines=source.width > 1,
        invalid_row_handler=uneven.note if uneven is not None else _skip,
    )
    for size in (len(text) + 1 if wide else BLOCK_BYTES, len(text) + 1):
        read = csv.ReadOptions(
            block_size=min(size, MOST_BLOCK_BYTES),
            use_threads=threads,
            autogenerate_column_names=True,
            skip_rows_after_names=source.header,
        )
        try:
            return csv.read_csv(pa.BufferReader(text), read_options=read, parse_options=parse, convert_options=convert)
        except pa.ArrowInvalid as error:
            if _LONG_RECORD not in str(error) or size > len(text):
                raise
    raise AssertionError


def _skip(_row: Any) -> str:
    return "skip"
