"""The text of a CSV and how it is written, and its records as Arrow's reader takes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from tasks.tables.reading.csv_dialect import Dialect
from tasks.tables.reading.csv_uneven import Uneven
from tasks.tables.reading.hints import CsvOptions

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


def parse(
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
