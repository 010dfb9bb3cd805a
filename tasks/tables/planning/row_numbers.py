"""Columns that only count the rows: in 54 of 122 real tables that had one it was the most important feature."""

from __future__ import annotations

import re
from typing import Final

import numpy as np
import pyarrow as pa

from tasks.tables.planning.draft import Draft

#: Names that say so, in small letters; the values must count as well.
NAMES: Final = re.compile(
    r"|unnamed: ?\d+|rownames?|row[ _.-]?(names?|numbers?|nr|no|num|index|id)?|_{0,2}index_{0,2}|idx|level_\d+|\.{3}\d+"
    r"|rn|nr|no\.?|obs|#"
)
#: What R's read.csv calls a column without a name; it counts from 1.
R_NAMES: Final = re.compile(r"X(\.\d+)?")
#: The name that pandas gives to an index in a file, which counts for itself.
PANDAS: Final = re.compile(r"__index_level_\d+__")


def leave_out_row_numbers(draft: Draft) -> None:
    """Columns whose name and values say that they number the rows, and what the file says is an index."""
    for name in draft.features():
        by_file = name in draft.source.index or PANDAS.fullmatch(name) is not None
        if draft.columns[name].given or not (by_file or _numbers_rows(draft.table.column(name), name)):
            continue
        why = "is the file's index" if by_file else "counts the rows"
        draft.leave_out(name, "row_number", f"column {name!r} {why}")


def _numbers_rows(values: pa.ChunkedArray, name: str) -> bool:
    from_r = R_NAMES.fullmatch(name) is not None
    named = from_r or NAMES.fullmatch(name.strip().lower()) is not None
    if not named or values.null_count or not len(values):
        return False
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return False
    array = np.asarray(values.to_numpy())
    return bool(array[0] in ((1,) if from_r else (0, 1)) and (np.diff(array) == 1).all())
