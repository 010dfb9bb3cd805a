"""The rows that dear looks are taken at."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

#: So many rows say what is asked: a share of them is right to 0.7 of 100.
SAMPLE_ROWS: Final = 20_000


def sample_rows(rows: int, most: int = SAMPLE_ROWS) -> npt.NDArray[np.int64] | None:
    """The numbers of the rows to look at, growing, always the same ones; None: all of them."""
    if rows <= most:
        return None
    return np.sort(np.random.default_rng(0).choice(rows, most, replace=False)).astype(np.int64)


def sampled(table: pa.Table, most: int = SAMPLE_ROWS) -> pa.Table:
    """These rows of a table."""
    rows = sample_rows(table.num_rows, most)
    return table if rows is None else table.take(pa.array(rows))
