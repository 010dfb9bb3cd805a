"""A table that is only looked at: what an init would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tasks.estimators import fields
from tasks.estimators.base import Estimator
from tasks.estimators.choosing import chosen
from tasks.estimators.named_columns import with_columns
from tasks.tables.planning.drafting import draft_of
from tasks.tables.planning.levels import whole_schema
from tasks.tables.planning.looking import looked_at
from tasks.tables.planning.showing import first_rows, shown_plan
from tasks.tables.planning.source import Source


def look(estimator: Estimator[Any], table: pa.Table, options: Mapping[str, Any], *, source: Source) -> dict[str, Any]:
    """The plan of a typed table, with or without a target, its problem, how many rows are learned from, and the first
    20 rows. What would have it refused is among the findings.

    Raises InvalidField for options that an init would refuse, InvalidTable for names given twice.
    """
    fields.own(estimator.Options, options)
    options = with_columns(options, estimator.columns)
    draft = draft_of(table, options, source=source, takes=estimator.takes)
    whole = whole_schema(draft) if draft.target is not None and not draft.faults else None
    if whole is not None:
        chosen(options, whole, estimator.own_metrics)
    plan = looked_at(draft, whole.columns if whole is not None else None)
    return {
        "target": plan.target,
        "problem": plan.problem,
        "rows": draft.table.num_rows,
        "plan": shown_plan(plan),
        "sample": first_rows(table),
    }
