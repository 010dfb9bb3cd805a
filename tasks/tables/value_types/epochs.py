"""Moments as numbers: how much time is gone since 1970-01-01T00:00Z."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.doubles import BEYOND_INT64
from tasks.tables.value_types.dates import MOMENT

#: Microseconds of a unit, by the format that names it.
FORMATS: Final = {"epoch_s": 1e6, "epoch_ms": 1e3, "epoch_us": 1.0, "epoch_ns": 1e-3}
#: What pandas' `to_json` and JavaScript write.
USUAL: Final = "epoch_ms"
#: 1973-03-03 and 2100-01-01, in microseconds since 1970.
_EARLIEST: Final = 1e14
_LATEST: Final = 4.1024448e15


def moments(floats: pa.ChunkedArray | pa.Array, form: str) -> pa.ChunkedArray | pa.Array:
    """The moment of each number (float64) in a format of `FORMATS`; null where null, and where 64 bits end."""
    micros = pc.floor(pc.multiply(floats, FORMATS[form]))
    good = pc.less(pc.abs(micros), BEYOND_INT64)
    return pc.if_else(good, micros, None).cast(pa.int64(), safe=False).cast(MOMENT)


def plausible(moments: pa.ChunkedArray | pa.Array) -> bool:
    """Whether the middle one is between 1973 and 2100, as that of most tables is: else the unit is another one."""
    micros = moments.drop_null().cast(pa.int64()).to_numpy()
    return bool(len(micros)) and _EARLIEST < float(np.median(micros)) < _LATEST
