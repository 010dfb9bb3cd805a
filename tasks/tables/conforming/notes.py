"""What was done with the rows of an estimate: a finding for each kind of thing and column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.contract import Noted
from tasks.tables.findings import MOST_ROWS, Finding, Severity

#: The lines of a file on which rows begin that are counted from 0.
Lines = Callable[[Sequence[int]], Sequence[int]]
#: Most notes of an answer; the last one then says how many more there were.
MOST_NOTES: Final = 100
_COUNTED: Final = frozenset(Noted)


class Notes:
    """The notes of one request."""

    def __init__(self, lines: Lines | None = None, found: Sequence[Finding] = ()) -> None:
        """`lines`: for rows that came in a file of lines; `found`: what was found when they were read."""
        self._lines = lines
        self._found: list[Finding] = list(found[: MOST_NOTES - 1])
        self._more = 0
        #: How many values each `Noted` is about.
        self.counts: Counter[str] = Counter()

    def add(
        self,
        code: str,
        message: str,
        *,
        column: str | None = None,
        where: npt.NDArray[np.bool_] | None = None,
        severity: Severity = "info",
        done: str = "",
        remedy: str = "",
    ) -> None:
        """Note one thing; `where` says in which rows it is."""
        count = int(np.count_nonzero(where)) if where is not None else 0
        if code in _COUNTED:
            self.counts[code] += count
        if len(self._found) == MOST_NOTES - 1:
            self._more += 1
            return
        rows = [int(row) for row in np.flatnonzero(where)[:MOST_ROWS]] if where is not None else []
        said: dict[str, Any] = {"lines": list(self._lines(rows))} if self._lines and rows else {}
        self._found.append(
            Finding(
                code=code,
                severity=severity,
                message=message,
                done=done,
                remedy=remedy,
                column=column,
                count=count,
                rows=rows,
                **said,
            )
        )

    def take(self, other: Notes) -> None:
        """Add those of another about the same rows."""
        room = MOST_NOTES - 1 - len(self._found)
        self._found += other._found[:room]
        self._more += len(other._found[room:]) + other._more
        self.counts.update(other.counts)

    @property
    def found(self) -> list[Finding]:
        """All that there is to say."""
        if not self._more:
            return self._found
        return [*self._found, Finding(code="more_notes", severity="info", message="there is more", count=self._more)]
