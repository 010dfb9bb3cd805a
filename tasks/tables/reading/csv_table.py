"""A CSV as a table."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import pyarrow as pa

from tasks.errors import MalformedBody
from tasks.tables import csv_size
from tasks.tables.bounds import Bounds
from tasks.tables.columns import Schema
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding, placed
from tasks.tables.reading.csv_dialect import Dialect, dialect_of, said_delimiter
from tasks.tables.reading.csv_lines import Lines, lines_of
from tasks.tables.reading.csv_quotes import StrayQuote, field_quotes, unescaped
from tasks.tables.reading.csv_quoting import MISSING, unquoted_is_missing
from tasks.tables.reading.csv_source import Source, parse
from tasks.tables.reading.csv_text import as_text
from tasks.tables.reading.csv_typed import typed
from tasks.tables.reading.csv_uneven import Uneven, trimmed
from tasks.tables.reading.edges import without_edges
from tasks.tables.reading.hints import CsvOptions, Hints
from tasks.tables.reading.result import Reading
from tasks.tables.value_types.missing_words import NULL

#: Stands for the separators' names in messages.
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}


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
    lines = lines_of(
        text,
        rows=table.num_rows,
        delimiter=dialect.delimiter,
        header=source.header,
        empty=source.width == 1,
        before=int(before > 0),
    )
    table, found = without_edges(table, keep_rows=source.width == 1)
    found = [placed(one, lines) for one in found]
    return Reading(table=table, format="csv", findings=findings + found, decimal=source.dialect.decimal, lines_of=lines)


_OTHERS: Final = ("decimal", "encoding", "missing_words", "header")


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
    table = typed(source, schema, uneven)
    if not uneven.count:
        return source, table, []
    if not uneven.empty:
        raise _ragged(source)
    text = trimmed(source.text, source.width, source.dialect.delimiter)
    source = replace(source, text=text)
    uneven = Uneven(source.width, source.dialect.delimiter)
    table = typed(source, schema, uneven)
    if uneven.count:
        raise _ragged(source)
    message = "some lines have empty fields at their end beyond those of the header, which were left out"
    return source, table, [finding("empty_fields", message)]


def _ragged(source: Source) -> MalformedBody:
    # Only a reader of one thread knows the record's number.
    uneven = Uneven(source.width, source.dialect.delimiter)
    parse(source, {}, uneven, threads=False)
    row = uneven.worst
    lines = Lines(source.text, delimiter=source.dialect.delimiter, header=0, empty=source.width == 1, before=0)
    line = lines.record(row.number - 1) if row.number else 0
    separated = "" if source.dialect.delimiter == "," else f" (separated by {source.dialect.delimiter!r})"
    return MalformedBody(
        f"line {line} of the CSV has {row.actual_columns} fields where {row.expected_columns} are expected{separated};"
        " give every line as many fields as the header"
    )
