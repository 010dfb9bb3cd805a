"""All kinds of findings, in one table: docs/reference/tables.md is written from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tasks.tables.codes.estimating import ESTIMATING
from tasks.tables.codes.meaning import Meaning
from tasks.tables.codes.planning import PLANNING
from tasks.tables.codes.reading import READING
from tasks.tables.codes.training import TRAINING
from tasks.tables.codes.typing import TYPING
from tasks.tables.findings import MOST_ROWS, Finding

#: What each code stands for, in the order in which a table comes by those who find.
CODES: Final[dict[str, Meaning]] = {**READING, **TYPING, **PLANNING, **TRAINING, **ESTIMATING}


def finding(
    code: str,
    message: str,
    *,
    column: str | None = None,
    count: int = 0,
    rows: Sequence[int] = (),
    done: str | None = None,
    remedy: str | None = None,
) -> Finding:
    """A finding of a kind of the table, with its severity, and what it says of what is done unless that is given."""
    meaning = CODES[code]
    return Finding(
        code=code,
        severity=meaning.severity,
        message=message,
        done=meaning.done if done is None else done,
        remedy=meaning.remedy if remedy is None else remedy,
        column=column,
        count=count,
        rows=[int(row) for row in rows[:MOST_ROWS]],
    )
