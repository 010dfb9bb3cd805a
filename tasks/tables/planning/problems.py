"""Whether a target's values are classes or amounts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

from tasks.tables.columns import Problem

#: Whole numbers are classes if there are at most so many of them, ...
MOST_WHOLE_CLASSES: Final = 10
#: ... if they span less than this, ...
WHOLE_SPAN: Final = 50
#: ... and if a class has so many rows on average. Two different whole numbers are always classes.
WHOLE_ROWS: Final = 5


def guess(distinct: Sequence[Any], *, rows: int, kind: Literal["number", "boolean", "category"]) -> Problem:
    """The problem of a target with these different values, in so many rows. 1.0 counts as 1."""
    if kind != "number":
        return "binary" if len(distinct) == 2 else "multiclass"
    if not whole(distinct):
        return "regression"
    if len(distinct) == 2:
        return "binary"
    few = len(distinct) <= MOST_WHOLE_CLASSES and max(distinct) - min(distinct) < WHOLE_SPAN
    return "multiclass" if few and rows >= WHOLE_ROWS * len(distinct) else "regression"


def whole(distinct: Sequence[Any]) -> bool:
    """Whether all of these are whole numbers."""
    return all(not isinstance(value, str) and value == int(value) for value in distinct)
