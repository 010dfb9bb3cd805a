"""What was read of a body."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from tasks.tables.findings import Finding, LinesOf


def no_lines(_rows: Sequence[int]) -> list[int]:
    """The lines of rows in a format that has none."""
    return []


def counting(first: int) -> LinesOf:
    """The lines of rows that have one each, from this one on."""
    return lambda rows: [first + row for row in rows]


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A table as its writer meant it, before anybody has decided what its columns are.

    Of text formats (CSV, sheets, JSON), a column is of a type only where the text says nothing else: 007, 0x1F, +49,
    times, whole numbers that a double would round, and what is mixed are strings as they were written. In CSV only an
    empty field without quotes and `\\N` are null.
    """

    #: Types of columns: int64, float64 and narrower numbers, bool, string, dictionary<int32, string> (the writer says
    #: that it is a category), date, time, timestamp, duration, null; lists, structs and binary as they came.
    table: pa.Table
    #: What the body is: csv, json, ndjson, parquet, arrow, orc, xlsx; sql for a table of a database.
    format: str
    findings: list[Finding] = field(default_factory=list)
    #: The columns that the file itself says are an index.
    index: frozenset[str] = frozenset()
    #: The decimal sign of numbers in its texts.
    decimal: str = "."
    #: The lines of the file, counted from 1, on which rows (counted from 0) begin; nothing for formats without lines.
    lines_of: LinesOf = no_lines
