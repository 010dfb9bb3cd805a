"""How the values of columns are spread that are no numbers."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import Column
from tasks.tables.plan import ColumnPlan
from tasks.tables.planning.levels import level_counts

#: Most categories whose share is kept.
MOST_SHARES: Final = 50
#: Digits of a share.
_DIGITS: Final = 6


def described(column: Column, values: pa.ChunkedArray) -> ColumnPlan:
    """The plan of a conformed column of the rows to learn from: shares of categories and booleans; first, middle and
    last date. Of free text it is counted how often it is missing."""
    about: dict[str, Any] = {}
    if column.type == "category":
        counts = level_counts(values, len(column.categories))
        about = _shares([*zip(column.categories, counts.tolist(), strict=True)], len(values))
        about["distinct"] = int(np.count_nonzero(counts))
    elif column.type == "boolean":
        yes = pc.sum(values).as_py() or 0
        about = _shares([("true", yes), ("false", len(values) - values.null_count - yes)], len(values))
        about["typical"] = about["typical"] == "true" if about["typical"] is not None else None
    elif column.type == "date":
        about = _dates(values)
    return ColumnPlan(
        name=column.name,
        role="feature",
        type=column.type,
        format=column.format,
        rows=len(values),
        missing=values.null_count,
        **about,
    )


def _shares(counted: list[tuple[str, int]], rows: int) -> dict[str, Any]:
    ordered = sorted((pair for pair in counted if pair[1]), key=lambda pair: -pair[1])
    shares = [(text, round(count / rows, _DIGITS)) for text, count in ordered[:MOST_SHARES]]
    return {"shares": shares, "typical": shares[0][0] if shares else None, "distinct": len(ordered)}


def _dates(values: pa.ChunkedArray) -> dict[str, Any]:
    present = values.drop_null().cast(pa.int64())
    if not len(present):
        return {}
    instants = np.asarray(present.to_numpy())
    middle = np.partition(instants, len(instants) // 2)[len(instants) // 2]
    least, typical, most = (
        np.datetime64(int(instant), "us").item().isoformat() for instant in (instants.min(), middle, instants.max())
    )
    return {"min": least, "typical": typical, "max": most}
