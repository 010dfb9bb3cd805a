"""A column of dates as numbers: parts of the calendar, and how long before the newest date that training had."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: What a date is measured in (microseconds a day).
DAY: Final = 86_400_000_000
#: What comes of every date; the parts of the calendar only where they vary.
ALWAYS: Final = "days"
_PARTS: Final[dict[str, Any]] = {
    "year": pc.year,
    "month": pc.month,
    "day": pc.day,
    "weekday": pc.day_of_week,
    "day of the year": pc.day_of_year,
    "hour": pc.hour,
}

Floats = npt.NDArray[np.float64]


class Dates(msgspec.Struct, frozen=True, tag="date"):
    """How the dates of one column become numbers. Survives `msgspec.json`."""

    #: The newest date of training, in microseconds since 1970; 0 if there was none.
    newest: int
    #: The numbers that come of a date, in order: `days` since the newest, `year`, `month`, `day`, `weekday` (0 is
    #: Monday), `day of the year`, `hour`.
    parts: list[str]

    @classmethod
    def fit(cls, values: pa.ChunkedArray) -> Dates:
        """For a column of timestamp[us]: the parts that vary."""
        varying = [name for name, part in _PARTS.items() if pc.count_distinct(part(values)).as_py() > 1]
        newest = pc.max(values.cast(pa.int64())).as_py()
        return cls(newest=newest or 0, parts=[ALWAYS, *varying])

    def encode(self, values: pa.ChunkedArray) -> list[Floats]:
        """The numbers of each part, for a column of timestamp[us]; NaN where there is no date."""
        return [self._days(values) if part == ALWAYS else _numbers(_PARTS[part](values)) for part in self.parts]

    def _days(self, values: pa.ChunkedArray) -> Floats:
        return (_numbers(values.cast(pa.int64())) - self.newest) / DAY


def _numbers(values: pa.ChunkedArray) -> Floats:
    return np.asarray(values.cast(pa.float64(), safe=False).to_numpy(), dtype=np.float64)
