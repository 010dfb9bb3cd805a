"""Where a column's values are missing."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def missing(values: pa.ChunkedArray) -> npt.NDArray[np.bool_]:
    """In which rows there is no value: null, or NaN."""
    if pa.types.is_floating(values.type):
        return np.asarray(np.isnan(values.to_numpy()), dtype=bool)
    if not values.null_count:
        return np.zeros(len(values), dtype=bool)
    return np.asarray(values.is_null().to_numpy(), dtype=bool)
