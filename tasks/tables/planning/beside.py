"""Columns that are no features and rule how is learned: weights, groups, times, queries."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from tasks.tables.columns import Role
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.values import missing
from tasks.tables.schema import numbers

#: The roles whose columns go with the rows to the fit; there is at most one column of each.
CARRIED: Final[tuple[Role, ...]] = ("weight", "group", "time", "query")


def check_carried(draft: Draft) -> None:
    """Find weights that are no weights, and times that have no order."""
    for name in draft.with_role("weight"):
        _check_weight(draft, name)
    for name in draft.with_role("time"):
        values = draft.table.column(name)
        if draft.columns[name].type not in ("date", "number"):
            draft.find("bad_time", f"column {name!r} says the time and is {values.type}", column=name)
        elif (lost := missing(values)).any():
            rows = np.flatnonzero(lost).tolist()
            message = f"column {name!r} says the time and has no value in {len(rows)} rows"
            draft.find("bad_time", message, column=name, count=len(rows), rows=rows)


def with_carried(features: pa.Table, draft: Draft) -> pa.Table:
    """The table with the columns that go with the rows behind its own; weights as float64."""
    for role in CARRIED:
        for name in draft.with_role(role):
            values = draft.table.column(name)
            features = features.append_column(name, values.cast(pa.float64()) if role == "weight" else values)
    return features


def _check_weight(draft: Draft, name: str) -> None:
    """LightGBM trains with NaN as 0 and takes negative weights in silence."""
    values = draft.table.column(name)
    if draft.columns[name].type != "number":
        draft.find("bad_weight", f"column {name!r} is the weight and is {values.type}", column=name)
        return
    weights = numbers(values)
    rows = np.flatnonzero(~((weights >= 0) & np.isfinite(weights))).tolist()
    if rows:
        message = f"row {draft.came_as(rows[0])}, column {name!r}: the weight is missing, negative or infinite"
        draft.find("bad_weight", message, column=name, count=len(rows), rows=rows)
    elif len(weights) and not weights.any():
        draft.find("bad_weight", f"column {name!r} is the weight and is 0 in every row", column=name)
