"""Decimals as 64-bit floats, rounded as their text would be."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.doubles import EXACT

#: Powers of ten that 64-bit floats have exactly.
_EXACT_SCALES: Final = range(23)
#: Digits that 64 bits hold.
_WORD_DIGITS: Final = 18


def exact_floats(values: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    """The float nearest to each decimal, as a reader of its text makes it; NaN where null.

    pyarrow's own cast is off by one in the last place for every eighth.
    """
    kind = values.type
    parts = [_floats(chunk, kind) for chunk in values.chunks]
    return np.concatenate(parts) if parts else np.zeros(0)


def _floats(values: pa.Array, kind: pa.DataType) -> npt.NDArray[np.float64]:
    if kind.bit_width <= 128 and kind.precision <= _WORD_DIGITS and kind.scale in _EXACT_SCALES:
        wide = values.cast(pa.decimal128(kind.precision, kind.scale))
        digits = np.frombuffer(wide.buffers()[1], np.int64)[2 * wide.offset : 2 * (wide.offset + len(wide)) : 2]
        valid = None if not wide.null_count else np.asarray(wide.is_valid().to_numpy(zero_copy_only=False))
        digits = digits if valid is None else np.where(valid, digits, 0)
        if not len(digits) or (digits.max() <= EXACT and digits.min() >= -EXACT):
            # Both are exact, so that one division rounds once.
            floats = digits / 10.0**kind.scale
            return floats if valid is None else np.where(valid, floats, np.nan)
    return np.asarray(values.cast(pa.string()).cast(pa.float64()).to_numpy(zero_copy_only=False))
