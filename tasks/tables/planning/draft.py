"""A plan while it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.columns import ColumnType, Problem, Role
from tasks.tables.finding_codes import finding
from tasks.tables.findings import MOST_ROWS, Finding, placed
from tasks.tables.planning.number_figures import NumberFigures, number_figures
from tasks.tables.planning.source import Source
from tasks.tables.wishes import Wish


@dataclass(slots=True)
class Drafted:
    """What is known of one column so far."""

    role: Role = "feature"
    #: What its values are; None where that is nothing to learn from.
    type: ColumnType | None = None
    format: str = ""
    given: bool = False
    #: How many rows have no value, and how many values differ, where that is known.
    missing: int = 0
    distinct: int | None = None


@dataclass(slots=True)
class Draft:
    """A table, what its columns are, and what was found. The steps of planning change it."""

    table: pa.Table
    target: str | None
    wishes: Mapping[str, Wish] = field(default_factory=dict)
    source: Source = field(default_factory=Source)
    columns: dict[str, Drafted] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    problem: Problem | None = None
    #: The numbers that the rows had when the table came; None: no row was left out.
    rows: npt.NDArray[np.int64] | None = None
    figures: NumberFigures | None = None

    def features(self, *types: ColumnType) -> list[str]:
        """The names of the features, of these types if any are given, in order."""
        return [
            name
            for name, column in self.columns.items()
            if column.role == "feature" and (not types or column.type in types)
        ]

    def with_role(self, role: Role) -> list[str]:
        """The names of the columns of a role."""
        return [name for name, column in self.columns.items() if column.role == role]

    def find(self, code: str, message: str, *, rows: Sequence[int] = (), **about: Any) -> None:
        """Note a finding. `rows` are those of the table as it is now, and are noted as they came."""
        shown = [self.came_as(row) for row in rows[:MOST_ROWS]]
        self.findings.append(placed(finding(code, message, rows=shown, **about), self.source.lines_of))

    def came_as(self, row: int) -> int:
        """The number that a row of the table as it is now had when the table came."""
        return int(row if self.rows is None else self.rows[row])

    def leave_out(self, name: str, code: str, message: str, *, role: Role = "ignore", **about: Any) -> None:
        """Have a column be no feature, and say so."""
        self.columns[name].role = role
        self.find(code, message, column=name, **about)

    def keep_rows(self, kept: npt.NDArray[np.bool_]) -> None:
        """Go on with these rows alone."""
        numbers = np.flatnonzero(kept)
        self.rows = numbers if self.rows is None else self.rows[numbers]
        self.table = self.table.filter(pa.array(kept))

    def look_at_numbers(self) -> NumberFigures:
        """The figures of the features that are numbers, as the table is now."""
        self.figures = number_figures(self.table, self.features("number"))
        return self.figures

    @property
    def faults(self) -> list[Finding]:
        """Why the table is refused."""
        return [found for found in self.findings if found.severity == "error"]
