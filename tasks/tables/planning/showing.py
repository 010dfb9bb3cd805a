"""A plan as a result shows it."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.tables.plan import ColumnPlan, Plan

#: Of wider tables the columns are shown with name, role and type alone, and rows up to this column.
MOST_SHOWN: Final = 1000
#: How many rows of a table that is only looked at are shown.
ROWS_SHOWN: Final = 20


def shown_plan(plan: Plan) -> Plan:
    """The plan; of a wide table without the figures of its columns, which stay with the snapshot."""
    if len(plan.columns) <= MOST_SHOWN:
        return plan
    lean = [
        ColumnPlan(name=column.name, role=column.role, type=column.type, given=column.given) for column in plan.columns
    ]
    return msgspec.structs.replace(plan, columns=lean, row={})


def first_rows(table: pa.Table) -> list[dict[str, Any]]:
    """The first rows of a table with distinct names, as they were read."""
    part = table.select(range(min(table.num_columns, MOST_SHOWN))).slice(0, ROWS_SHOWN)
    names = part.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*(column.to_pylist() for column in part), strict=True)]
