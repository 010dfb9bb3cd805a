"""What was seen in a table, what was done about it, and how to have it otherwise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

Severity = Literal["info", "warning", "error"]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that the sender should know. An `error` is why the table is refused; the others go with a result."""

    #: What kind of thing, in snake case; `finding_codes.py` has them all, and docs/reference/tables.md.
    code: str
    severity: Severity
    #: What was seen, with figures: a sentence without a full stop.
    message: str
    #: What was done with it; empty if nothing was.
    done: str = ""
    #: How to have it otherwise: the option to set, or what to send instead.
    remedy: str = ""
    #: The column; None if it is about the whole table.
    column: str | None = None
    #: How many rows (or values, or columns, as `message` says) it is about; 0 if that means nothing.
    count: int = 0
    #: The first rows, counted from 0; at most `MOST_ROWS`.
    rows: list[int] = []
    #: The lines of a CSV on which those rows begin, counted from 1.
    lines: list[int] = []


#: Most rows that a finding names.
MOST_ROWS: Final = 5

#: The lines of the file, counted from 1, on which rows (counted from 0) begin.
LinesOf = Callable[[Sequence[int]], list[int]]


def placed(found: Finding, lines_of: LinesOf | None) -> Finding:
    """The finding with the lines of its rows, where their file has lines."""
    return msgspec.structs.replace(found, lines=lines_of(found.rows)) if found.rows and lines_of else found
