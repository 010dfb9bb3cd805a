"""Numbers that differ in every row, as identifiers do: kept, and said."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from tasks.tables.planning.blocks import blocks
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.sampling import sampled

#: Fewest rows of which it is said.
FEWEST_ROWS: Final = 20


def look_for_numbering(draft: Draft) -> None:
    """Say which features are whole numbers that grow by the same step from row to row, or differ in every row. Looks at
    the first rows, and at a sample."""
    schema = draft.table.schema
    names = [
        name
        for name in draft.features("number")
        if pa.types.is_integer(schema.field(name).type)
        and not draft.columns[name].missing
        and not draft.columns[name].given
    ]
    if draft.table.num_rows < FEWEST_ROWS or not names:
        return
    head, chosen = draft.table.slice(0, FEWEST_ROWS), sampled(draft.table)
    for start, matrix in blocks(chosen, names):
        first = next(blocks(head, names[start : start + matrix.shape[1]]))[1]
        steps = np.diff(first, axis=0)
        even = ((steps == steps[0]) & (steps != 0)).all(axis=0)
        matrix.sort(axis=0)
        distinct = (np.diff(matrix, axis=0) > 0).all(axis=0)
        for index in np.flatnonzero(distinct).tolist():
            name = names[start + index]
            if even[index]:
                message = f"column {name!r} grows by the same number from row to row, as if it numbered them"
                draft.find("sequence", message, column=name)
            else:
                draft.find("unique_numbers", f"column {name!r} has another whole number in every row", column=name)
