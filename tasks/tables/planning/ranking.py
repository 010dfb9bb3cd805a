"""What rows must be to be ranked: each belongs to a query, and is relevant to it in whole steps."""

from __future__ import annotations

from typing import Final

import numpy as np

from tasks.tables.group_split import group_hashes
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.values import missing
from tasks.tables.schema import numbers, plain

#: Most rows of a query: LightGBM refuses more, only when it has begun to learn.
MOST_OF_QUERY: Final = 10_000
#: The highest relevance: what LightGBM has a gain for, 2 ** 30 - 1.
MOST_RELEVANT: Final = 30


def check_ranking(draft: Draft) -> None:
    """Find rows without a query, queries of too many rows, and a target that is no relevance."""
    if draft.problem != "ranking":
        return
    for name in draft.with_role("query"):
        _check_query(draft, name)
    if not draft.faults:
        _check_relevance(draft)


def _check_query(draft: Draft, name: str) -> None:
    values = draft.table.column(name)
    if (lost := missing(values)).any():
        rows = np.flatnonzero(lost).tolist()
        message = f"row {draft.came_as(rows[0])}, column {name!r}: the query has no value"
        draft.find("bad_query", message, column=name, count=len(rows), rows=rows)
        return
    _, places, counts = np.unique(group_hashes(values), return_inverse=True, return_counts=True)
    if counts.max(initial=0) <= MOST_OF_QUERY:
        return
    of_query = np.flatnonzero(places == int(counts.argmax()))
    row = int(of_query[MOST_OF_QUERY])
    message = (
        f"row {draft.came_as(row)}, column {name!r}: the query {values[row].as_py()!r} has {len(of_query):,} rows; at"
        f" most {MOST_OF_QUERY:,} can be ranked together"
    )
    draft.find("bad_query", message, column=name, count=len(of_query), rows=[row])


def _check_relevance(draft: Draft) -> None:
    assert draft.target is not None
    values = numbers(plain(draft.table.column(draft.target)))
    rows = np.flatnonzero((values < 0) | (values > MOST_RELEVANT) | (values != np.floor(values))).tolist()
    if rows:
        place = f"row {draft.came_as(rows[0])}, column {draft.target!r}"
        message = f"{place}: {values[rows[0]]:g} is no relevance, which is a whole number from 0 to {MOST_RELEVANT}"
        draft.find("bad_relevance", message, column=draft.target, count=len(rows), rows=rows)
