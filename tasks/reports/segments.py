"""Where a version errs: the error by values of the columns that count most."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from tasks.reports.judging import Judged
from tasks.reports.ordered import UNITS, ordered, shown_as
from tasks.tables.columns import Column, ColumnType

#: How many columns are looked at.
COLUMNS: Final = 3
#: Into how many parts of about the same size a column of numbers is cut.
PARTS: Final = 4
#: Most categories that are shown by themselves.
CATEGORIES: Final = 6


@dataclass(frozen=True)
class Segment:
    """Some rows of the holdout, and their error as `Judged.error` counts it."""

    name: str
    rows: int
    error: float


@dataclass(frozen=True)
class Split:
    """All rows of the holdout, by the values of one column."""

    column: str
    segments: list[Segment]


def splits(judged: Judged, columns: list[Column], importance: dict[str, float]) -> list[Split]:
    """The errors by the columns that count most, the most important first; without those that do not vary."""
    known = [column for column in columns if importance.get(column.name, 0) > 0]
    known.sort(key=lambda column: -importance[column.name])
    found = [Split(column.name, list(_segments(judged, column))) for column in known[:COLUMNS]]
    return [split for split in found if len(split.segments) > 1]


def _segments(judged: Judged, column: Column) -> Iterator[Segment]:
    for name, chosen in _parts(judged.rows.column(column.name), column):
        if count := int(chosen.sum()):
            yield Segment(name, count, judged.error(chosen))


def _parts(values: Any, column: Column) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    if (array := ordered(values, column.type)) is not None:
        yield from _ranges(array, column.type)
        return
    texts = np.array(pc.cast(values, "string").to_pylist(), dtype=object)
    missing = np.array(values.is_null())
    names, counts = np.unique(texts[~missing].astype(str), return_counts=True)
    shown = names[np.argsort(-counts, kind="stable")][:CATEGORIES]
    for name in shown:
        yield str(name), texts == name
    yield "others", ~missing & ~np.isin(texts.astype(str), shown)
    yield "missing", missing


def _ranges(values: npt.NDArray[np.float64], kind: ColumnType) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    show, unit = shown_as(kind), UNITS.get(kind, "")
    missing = np.isnan(values)
    present = values[~missing]
    if len(present):
        edges = np.unique(np.quantile(present, np.linspace(0, 1, PARTS + 1)))
        if len(edges) == 1:
            yield f"{show(edges[0])}{unit}", ~missing
        for index, (low, high) in enumerate(pairwise(edges)):
            above = values >= low if not index else values > low
            yield f"{show(low)} to {show(high)}{unit}", above & (values <= high)
    yield "missing", missing
