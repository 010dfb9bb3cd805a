"""The names of a table's columns: each is given once, and the target is one of them."""

from __future__ import annotations

from collections import Counter

import pyarrow as pa

from tasks.errors import InvalidTable
from tasks.tables.checks import listed
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding


def distinct_names(table: pa.Table) -> tuple[pa.Table, list[Finding]]:
    """The table without columns that share a name and have no value, as spreadsheets leave them behind.

    Raises InvalidTable for names that are given twice all the same.
    """
    many = {name for name, count in Counter(table.column_names).items() if count > 1}
    if not many:
        return table, []
    empty = [
        index
        for index, name in enumerate(table.column_names)
        if name in many and table.column(index).null_count == table.num_rows
    ]
    kept = [index for index in range(table.num_columns) if index not in set(empty)]
    twice = sorted(name for name, count in Counter(table.column_names[index] for index in kept).items() if count > 1)
    if twice:
        message = f"columns given twice: {listed(twice)}; give every column a name of its own"
        raise InvalidTable(message).having([finding("names_twice", message.partition(";")[0])])
    message = f"{len(empty)} columns named {listed(sorted(many))} have no value at all"
    return table.select(kept), [finding("no_value", message, count=len(empty))] if empty else []
