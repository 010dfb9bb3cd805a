"""Looks at some of the rows that are predicted, and counts what is in their columns.

A few times a second at most, at so many rows and columns at most: what it costs does not grow with the load.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.registry.drift import OTHERS, ColumnSample, Drift, Sample
from tasks.tables.batch import Batch
from tasks.tables.columns import Column, Schema

log = logging.getLogger(__name__)

#: The least time between two looks of a process (seconds), the most rows of a look, and the most columns, the first.
LOOK_SECONDS: Final = 0.25
ROWS: Final = 1000
COLUMNS: Final = 100
#: Of how many equal parts of training's range it is counted how many numbers lie there.
PARTS: Final = 20
#: Most different values of a column that are counted by themselves; the others count as one.
VALUES: Final = 50
#: How long what was counted waits to be put down, at first and at most (seconds): each wait is twice as long as the one
#: before it.
FIRST_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0

Numbers = npt.NDArray[np.float64]


@dataclass
class _Counted:
    """One column of the rows that were looked at."""

    parts: Numbers = field(default_factory=lambda: np.zeros(PARTS))
    below: int = 0
    above: int = 0
    missing: int = 0
    values: Counter[str] = field(default_factory=Counter)

    def sample(self, column: Column) -> ColumnSample:
        """What is put down of it."""
        named = dict(self.values.most_common(VALUES))
        if rest := sum(self.values.values()) - sum(named.values()):
            named[OTHERS] = named.get(OTHERS, 0) + rest
        low, high = column.min or 0.0, column.max or 0.0
        parts = self.parts.astype(int).tolist() if column.type == "number" else []
        return ColumnSample(parts, self.below, self.above, named, self.missing, low, high)


class _Model:
    """What was counted of a version since it was put down last."""

    def __init__(self, version: int, now: float) -> None:
        self.version = version
        self.wait = FIRST_SECONDS
        self.due = now
        self.clear()

    def clear(self) -> None:
        """Nothing is counted."""
        self.rows = 0
        self.columns: dict[str, _Counted] = {}


class Sampler:
    """Of one process. Nothing that goes wrong here is told to who asked for a prediction."""

    def __init__(
        self, drift: Drift, *, ticks: Callable[[], float] = time.monotonic, clock: Callable[[], float] = time.time
    ) -> None:
        self._drift = drift
        self._ticks, self._clock = ticks, clock
        self._next = float("-inf")
        self._models: dict[str, _Model] = {}

    def see(self, model: str, version: int, schema: Schema, rows: Batch) -> None:
        """Look at some of the rows, if it is time to."""
        now = self._ticks()
        if now < self._next:
            return
        self._next = now + LOOK_SECONDS
        try:
            self._look(model, version, schema, rows.head(ROWS), now)
        except Exception as error:
            log.warning("rows of the model %s could not be looked at: %s", model, error)

    def _look(self, model: str, version: int, schema: Schema, table: pa.Table, now: float) -> None:
        known = self._models.get(model)
        if known is None or known.version != version:
            known = self._models[model] = _Model(version, now)
        known.rows += table.num_rows
        for column in schema.columns[:COLUMNS]:
            count(known.columns.setdefault(column.name, _Counted()), column, table.column(column.name))
        if now >= known.due:
            columns = {column.name: known.columns[column.name].sample(column) for column in schema.columns[:COLUMNS]}
            rows = known.rows
            known.clear()
            known.due, known.wait = now + known.wait, min(2 * known.wait, LONGEST_SECONDS)
            self._drift.add(model, Sample(version, self._clock(), rows, columns))


def count(counted: _Counted, column: Column, values: pa.ChunkedArray) -> None:
    """Count the values of a conformed column."""
    if column.type == "number":
        _count_numbers(counted, column, np.asarray(values.to_numpy(), dtype=np.float64))
        return
    counted.missing += values.null_count
    if column.type == "category":
        found: Any = pc.value_counts(values.combine_chunks().dictionary_decode().drop_null())
        for one in found.to_pylist():
            counted.values[str(one["values"])] += one["counts"]
    elif column.type == "boolean":
        true = pc.sum(values).as_py() or 0
        counted.values["true"] += int(true)
        counted.values["false"] += len(values) - values.null_count - int(true)


def _count_numbers(counted: _Counted, column: Column, values: Numbers) -> None:
    known = values[~np.isnan(values)]
    counted.missing += len(values) - len(known)
    if column.min is None or column.max is None:
        return
    counted.below += int(np.count_nonzero(known < column.min))
    counted.above += int(np.count_nonzero(known > column.max))
    inside = known[(known >= column.min) & (known <= column.max)]
    # Half of a range fits into a double where the range itself may not.
    half = column.max / 2 - column.min / 2
    place = (inside / 2 - column.min / 2) / half * PARTS if half > 0 else np.zeros(len(inside))
    counted.parts += np.bincount(np.minimum(place.astype(int), PARTS - 1), minlength=PARTS)
