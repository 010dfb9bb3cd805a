"""The plan of a table that is only looked at."""

from __future__ import annotations

from tasks.tables.columns import Column, Schema
from tasks.tables.plan import Plan
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.finishing import drafted_plan, planned
from tasks.tables.planning.levels import learned_schema, recoded, whole_column
from tasks.tables.planning.number_statistics import number_statistics
from tasks.tables.schema import conform_features


def looked_at(draft: Draft, columns: list[Column] | None = None) -> Plan:
    """The plan, with figures of all rows; without them where the table has no rows or features. `columns`: the features
    as all rows have them, where they are known."""
    names = draft.features()
    if not names or not draft.table.num_rows:
        return drafted_plan(draft)
    columns = columns or [whole_column(draft, name) for name in names]
    # The target of a table that may have none is of no account to its features.
    whole = Schema(columns=columns, target=draft.target or "", problem=draft.problem or "regression")
    table = conform_features(draft.table, whole)
    numbers = number_statistics(table, [column.name for column in columns if column.type == "number"])
    schema = learned_schema(whole, table, numbers)
    return planned(draft, schema, recoded(table, whole, schema), numbers)
