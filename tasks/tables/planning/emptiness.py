"""Columns that say nothing: without a value, or with the same one in every row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.planning.draft import Draft
from tasks.tables.planning.number_figures import NumberFigures


def look_at_numbers(draft: Draft) -> None:
    """Note how many numbers are missing; have those that are out of range be missing; leave out constants."""
    names = draft.features("number")
    figures = draft.look_at_numbers()
    rows = draft.table.num_rows
    replaced: dict[str, pa.Array] = {}
    for index in np.flatnonzero(figures.out_of_range).tolist():
        replaced[names[index]] = _bounded(draft, names[index], figures, index)
    if replaced:
        draft.table = _with_columns(draft.table, replaced)
    empty, same = figures.missing == rows, (figures.low == figures.high) & (figures.missing == 0)
    for index, count in zip(
        np.flatnonzero(figures.missing).tolist(), figures.missing[figures.missing > 0], strict=True
    ):
        draft.columns[names[index]].missing = int(count)
    for index in np.flatnonzero(empty).tolist():
        draft.leave_out(names[index], "no_value", f"column {names[index]!r} has no value at all")
    for index in np.flatnonzero(same & ~empty).tolist():
        _constant(draft, names[index], figures.low[index])


def look_at_others(draft: Draft) -> None:
    """The same for columns that are no numbers."""
    rows = draft.table.num_rows
    for name in draft.features():
        column = draft.columns[name]
        if column.type == "number":
            continue
        values = draft.table.column(name)
        column.missing = values.null_count
        if column.missing == rows:
            draft.leave_out(name, "no_value", f"column {name!r} has no value at all")
        elif column.type is None:
            draft.leave_out(name, "unsupported_type", f"column {name!r} is {values.type}")
        elif not column.missing and (value := _same(values)) is not None:
            _constant(draft, name, value)


def _same(values: pa.ChunkedArray) -> object:
    """The value of all rows; None if there are several. Most columns differ soon."""
    first = values[0]
    if pa.types.is_dictionary(values.type):
        values, first = values.cast(values.type.value_type), pa.scalar(first.as_py(), values.type.value_type)
    if not all(pc.all(pc.equal(part, first)).as_py() for part in (values.slice(0, 100), values)):
        return None
    return first.as_py()


def _constant(draft: Draft, name: str, value: object) -> None:
    if not draft.columns[name].given:
        shown = f"{value:g}" if isinstance(value, float) else repr(value)
        draft.leave_out(name, "constant", f"column {name!r} is {shown[:80]} in every row")


def _bounded(draft: Draft, name: str, figures: NumberFigures, index: int) -> pa.Array:
    array = np.array(draft.table.column(name).to_numpy(), dtype=np.float64)
    outside = ~((array >= figures.low[index]) & (array <= figures.high[index])) & ~np.isnan(array)
    rows = np.flatnonzero(outside)
    array[outside] = np.nan
    draft.find(
        "out_of_range",
        f"column {name!r} has {len(rows)} numbers that are infinite or out of range",
        column=name,
        count=len(rows),
        rows=rows.tolist()[:10],
    )
    return pa.array(array)


def _with_columns(table: pa.Table, replaced: dict[str, pa.Array]) -> pa.Table:
    arrays = [replaced.get(name, column) for name, column in zip(table.column_names, table.columns, strict=True)]
    return pa.Table.from_arrays(arrays, names=table.column_names)
