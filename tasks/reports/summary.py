"""What the data of a version is like, column by column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.estimators.base import Dataset
from tasks.formatting import percent, shortened
from tasks.reports.judging import thinned
from tasks.reports.ordered import UNITS, ordered, shown_as
from tasks.tables.columns import ColumnType, Schema

#: Most columns that are described.
COLUMNS: Final = 200
#: Bars of a column's little histogram.
BARS: Final = 16
#: Most values that a histogram and a median are made of.
SAMPLE: Final = 20_000
#: Most categories that are named, and their length in characters.
NAMED: Final = 4
NAME_LENGTH: Final = 24


@dataclass(frozen=True)
class Described:
    """One column. `bars` are heights from 0 to 1; for categories the most common first."""

    name: str
    kind: str
    missing: int
    rows: int
    values: str
    bars: list[float]


def describe(dataset: Dataset) -> list[Described]:
    """The target, then the features, of all rows."""
    schema = dataset.schema
    parts = [part for part in (dataset.train, dataset.holdout, dataset.test) if part is not None and part.num_rows]
    table = pa.concat_tables(parts)
    names = [schema.target, *schema.names[:COLUMNS]]
    sample = thinned(table.select(names), SAMPLE)
    return [_column(name, schema, table.column(name), sample.column(name)) for name in names]


def _column(name: str, schema: Schema, values: Any, sample: Any) -> Described:
    kind = next((column.type for column in schema.columns if column.name == name), None)
    if kind is None:
        kind = "category" if schema.classes else "number"
    if (array := ordered(values, kind)) is not None and (some := ordered(sample, kind)) is not None:
        missing = int(np.isnan(array).sum())
        return Described(name, kind, missing, len(array), *_ordered(array, some, kind))
    label = {"category": "category", "boolean": "true or false"}[kind] if name != schema.target else "class"
    return Described(name, label, values.null_count, len(values), *_categories(values))


def _ordered(values: Any, sample: Any, kind: ColumnType) -> tuple[str, list[float]]:
    present = sample[~np.isnan(sample)]
    if not len(present):
        return "nothing but missing values", []
    low, high, middle = float(np.nanmin(values)), float(np.nanmax(values)), float(np.median(present))
    counts, _ = np.histogram(present, bins=BARS) if low < high else (np.array([1]), None)
    show, unit = shown_as(kind), UNITS.get(kind, "")
    return f"{show(low)} to {show(high)}{unit}, median {show(middle)}", [float(n) for n in counts / counts.max()]


def _categories(values: Any) -> tuple[str, list[float]]:
    counted = pc.value_counts(pc.cast(values, pa.string())).to_pylist()
    known = sorted(
        ((c["counts"], c["values"]) for c in counted if c["values"] is not None), key=lambda c: (-c[0], c[1])
    )
    if not known:
        return "nothing but missing values", []
    named = [f"{shortened(text, NAME_LENGTH)} ({percent(count / len(values))})" for count, text in known[:NAMED]]
    more = f" and {len(known) - NAMED:,} more" if len(known) > NAMED else ""
    return ", ".join(named) + more, [count / known[0][0] for count, _ in known[:BARS]]
