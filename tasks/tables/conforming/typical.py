"""What stands for a value that is missing where training missed none."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def typical_of(values: pa.ChunkedArray) -> float | None:
    """The more frequent of booleans, as 0 or 1; the middle of dates, in microseconds since the epoch; None for values
    of other types, and where there is none."""
    present = values.drop_null()
    if not len(present):
        return None
    if pa.types.is_boolean(values.type):
        return float(pc.sum(present).as_py() * 2 > len(present))
    if pa.types.is_timestamp(values.type):
        moments = np.asarray(present.cast(pa.int64()).to_numpy())
        middle = len(moments) // 2
        return float(np.partition(moments, middle)[middle])
    return None
