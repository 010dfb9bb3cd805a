"""Folds of a table of few rows: each is measured by a model that has learned from the others."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.group_split import group_hashes
from tasks.tables.row_hashes import row_hashes
from tasks.tables.schema import plain
from tasks.tables.sides import Kinds
from tasks.tables.splitting import Rule
from tasks.tables.time_split import time_ranks

#: Tables with fewer rows are measured by cross-validation. How far r2 or accuracy was from that of the served model on
#: 7,000 or more other rows, on average over six made tables of scikit-learn, three draws of each: with 60 rows 0.08 by
#: cross-validation and 0.23 by the test rows, with 200 0.04 and 0.07, with 600 0.03 and 0.04, with 1,000 0.02 and 0.02.
#: To learn from the test rows, too, was worth 0.01, 0.03, 0.02 and 0.01 of it.
FEW_ROWS: Final = 1000
#: How many folds there are: one is measured, one stops the fit, the others are learned from.
FOLDS: Final = 5

Folds = npt.NDArray[np.int8]


def fold_codes(table: pa.Table, by: Rule, column: str, *, target: str, classes: bool, query: str = "") -> Folds:
    """The fold of each row, from 0. As many rows of each class in each fold, to one row, and of equal rows; whole
    groups or queries if these rule the split; folds of times one after the other if time does, where rows of the same
    `query` (a column) are together."""
    if by == "time":
        together = group_hashes(table.column(query)) if query else None
        ranks = time_ranks(table.column(column), column, together=together)
        later = np.cumsum(np.bincount(ranks)) - 1
        return np.asarray(later[ranks] * FOLDS // table.num_rows, dtype=np.int8)
    if by in ("group", "query"):
        kinds = Kinds.of(group_hashes(table.column(column)))
        rows, codes = np.zeros(FOLDS), np.zeros(len(kinds.counts), dtype=np.int8)
        for group in np.argsort(-kinds.counts, kind="stable"):
            codes[group] = rows.argmin()
            rows[codes[group]] += kinds.counts[group]
        return kinds.of_each(codes)
    hashes = row_hashes(table, target)
    of_class = np.zeros(table.num_rows, dtype=np.int64)
    if classes:
        of_class = plain(table.column(target)).combine_chunks().dictionary_encode().indices.to_numpy()
    found = np.empty(table.num_rows, dtype=np.int8)
    found[np.lexsort((hashes, of_class))] = np.arange(table.num_rows) % FOLDS
    return found
