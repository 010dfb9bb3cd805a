"""Rows and columns at the end of a table that hold nothing, as spreadsheets write them."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa

from tasks.tables.finding_codes import finding
from tasks.tables.findings import MOST_ROWS, Finding

#: What a column is called that has no name.
_NAMELESS: Final = re.compile(r"|Unnamed: \d+")


def without_edges(table: pa.Table, *, keep_rows: bool = False) -> tuple[pa.Table, list[Finding]]:
    """(the table without columns at its end that have neither name nor value, and without rows at its end that have no
    value, what was left out)."""
    findings = []
    names, width = table.column_names, table.num_columns
    while width > 1 and _NAMELESS.fullmatch(names[width - 1]) and _is_empty(table.column(width - 1)):
        width -= 1
    if width < table.num_columns:
        count = table.num_columns - width
        message = f"{count} columns at the end have neither a name nor a value"
        findings.append(finding("empty_columns", message, count=count))
        table = table.select(list(range(width)))
    if not keep_rows and (count := _empty_rows(table)):
        rows = list(range(table.num_rows - count, table.num_rows))[:MOST_ROWS]
        message = f"{count} rows at the end have no value at all"
        findings.append(finding("empty_rows", message, count=count, rows=rows))
        table = table.slice(0, table.num_rows - count)
    return table, findings


def _is_empty(values: pa.ChunkedArray) -> bool:
    return bool(values.null_count == len(values))


def _empty_rows(table: pa.Table) -> int:
    """How many rows at the end have no value."""
    count = table.num_rows
    for column in table.itercolumns():
        if not count:
            return 0
        tail = column.slice(table.num_rows - count)
        # Most columns have a value in the last row.
        if tail[len(tail) - 1].is_valid:
            return 0
        valid = np.flatnonzero(np.asarray(tail.is_valid().to_numpy(), dtype=bool))
        count = len(tail) - 1 - int(valid[-1]) if len(valid) else count
    return count if count < table.num_rows else 0
