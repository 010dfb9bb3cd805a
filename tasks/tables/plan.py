"""The plan of a table: what each of its columns is. Made at init, kept with the snapshot, applied alike to all rows."""

from __future__ import annotations

from typing import Any

import msgspec

from tasks.tables.columns import ColumnType, Problem, Role
from tasks.tables.findings import Finding


class ColumnPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a column is, and what a form or a look for drift needs of it. Figures are those of the training part."""

    name: str
    role: Role
    #: None for a column that nobody looks into.
    type: ColumnType | None = None
    #: How its texts are read: a format of `strptime` for dates that are not ISO 8601, `time`, `duration`, ...
    format: str = ""
    #: True if the caller said so in `options.columns`.
    given: bool = False
    rows: int = 0
    #: How many rows have no value.
    missing: int = 0
    #: How many different values there are; a lower bound where the table was sampled.
    distinct: int = 0
    #: Of numbers and dates (ISO 8601), as the result shows them.
    min: float | str | None = None
    max: float | str | None = None
    #: Of numbers: the values below which 1, 5, 25, 50, 75, 95, 99 per cent lie.
    quantiles: list[float] = []
    #: Of categories and booleans: the most frequent values and the share of the rows that has them, at most 50.
    shares: list[tuple[str, float]] = []
    #: Median, most frequent value, or the middle date: what a form begins with.
    typical: float | str | bool | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All columns of a table in its order, the target among them, and what was found. Survives `msgspec.json`."""

    columns: list[ColumnPlan]
    #: None of a dry run that names no target.
    target: str | None = None
    problem: Problem | None = None
    findings: list[Finding] = []
    #: A row with the typical value of each feature, as an estimate takes it.
    row: dict[str, Any] = {}
