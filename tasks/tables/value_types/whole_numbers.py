"""Numbers that are whole are whole numbers, whoever wrote a point behind them."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.doubles import BEYOND_INT64, EXACT

#: So many values are looked at first.
_LOOK: Final = 64


def settled_column(values: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array:
    """`settled` of float64; without a copy if it stays what it is."""
    first = values.chunk(0).slice(0, _LOOK) if values.num_chunks else None
    if first is not None and not first.null_count and _has_fraction(first.to_numpy()):
        nan = any(np.isnan(chunk.to_numpy(zero_copy_only=False)).sum() > chunk.null_count for chunk in values.chunks)
        if not nan:
            return values
    return settled(np.asarray(values.to_numpy()))


def settled(floats: npt.NDArray[np.float64]) -> pa.Array:
    """int64 if all are whole and 64 bits hold them, else float64; null where NaN."""
    if _has_fraction(floats):
        return pa.array(floats, from_pandas=True)
    missing = np.isnan(floats)
    kept = np.where(missing, 0.0, floats) if missing.any() else floats
    if kept.size and (kept.max() >= BEYOND_INT64 or kept.min() < -BEYOND_INT64):
        return pa.array(floats, from_pandas=True)
    return pa.array(kept.astype(np.int64), mask=missing if missing.any() else None)


def settled_texts(texts: pa.StringArray, floats: pa.DoubleArray) -> pa.Array | None:
    """Like `settled`, of numbers in writing and what they are rounded to: int64 exactly.

    None if a whole number that 64 bits do not hold would lose digits: it is an identifier, not an amount.
    """
    array = np.asarray(floats.to_numpy(zero_copy_only=False))
    if _has_fraction(array) or not array.size or not np.nanmax(np.abs(array), initial=0.0) >= EXACT:
        return settled(array)
    large = np.abs(array) >= EXACT
    exact = [Decimal(text) for text in texts.filter(pa.array(large)).to_pylist()]
    if any(value != int(value) for value in exact):
        return pa.array(array, from_pandas=True)
    if all(-(2**63) <= value < 2**63 for value in exact):
        small = np.where(np.isnan(array) | large, 0.0, array).astype(np.int64)
        small[large] = [int(value) for value in exact]
        return pa.array(small, mask=np.isnan(array))
    shortest = [Decimal(repr(float(value))) for value in array[large]]
    lost = any(abs(one) >= 2**63 and one != other for one, other in zip(exact, shortest, strict=True))
    return None if lost else pa.array(array, from_pandas=True)


def beyond_exact(values: pa.ChunkedArray | pa.Array) -> bool:
    """Whether whole numbers (int64) are beyond `EXACT`."""
    ends = pc.min_max(values).as_py()
    return ends["max"] is not None and (ends["max"] > EXACT or ends["min"] < -EXACT)


def _has_fraction(floats: npt.NDArray[np.float64]) -> bool:
    """Whether one of them is not whole; infinity counts as none."""
    for start, end in ((0, _LOOK), (_LOOK, len(floats))):
        part = floats[start:end]
        with np.errstate(invalid="ignore"):
            if not (np.isnan(part) | (np.floor(part) == part) & np.isfinite(part)).all():
                return True
    return False
