"""Dates as numbers: the parts of the calendar that vary, and the days since the newest date of training."""

from __future__ import annotations

from datetime import datetime

import msgspec
import numpy as np
import pyarrow as pa

from tasks.estimators.features.dates import Dates

TIMES = pa.timestamp("us")


def column(*values: datetime | None) -> pa.ChunkedArray:
    return pa.chunked_array([pa.array(values, TIMES)])


def test_the_parts_that_vary_and_the_days_since_the_newest() -> None:
    seen = column(datetime(2026, 1, 5, 12), datetime(2026, 2, 6, 12), None)
    how = Dates.fit(seen)
    assert how.parts == ["days", "month", "day", "weekday", "day of the year"]
    newer = column(datetime(2026, 2, 7), datetime(2025, 12, 31, 12), None)
    found = dict(zip(how.parts, how.encode(newer), strict=True))
    np.testing.assert_array_equal(found["days"], [0.5, -37, np.nan])
    np.testing.assert_array_equal(found["month"], [2, 12, np.nan])
    np.testing.assert_array_equal(found["day"], [7, 31, np.nan])
    np.testing.assert_array_equal(found["day of the year"], [38, 365, np.nan])
    # Monday is 0.
    np.testing.assert_array_equal(found["weekday"], [5, 2, np.nan])


def test_hours_where_they_vary() -> None:
    how = Dates.fit(column(datetime(2026, 1, 5, 12, 30), datetime(2026, 1, 5, 13)))
    assert how.parts == ["days", "hour"]
    days, hour = how.encode(column(datetime(2026, 1, 5, 1, 30)))
    assert (days.tolist(), hour.tolist()) == ([-11.5 / 24], [1])


def test_no_date_at_all_and_very_old_and_very_late_ones() -> None:
    how = Dates.fit(column(None, None))
    assert [part.tolist() for part in how.encode(column(datetime(1, 1, 1), datetime(9999, 12, 31)))] == [
        [-719162.0, 2932896.0]
    ]


def test_it_survives_json() -> None:
    how = Dates.fit(column(datetime(2026, 1, 5, 12), datetime(2027, 2, 6, 12)))
    assert msgspec.json.decode(msgspec.json.encode(how), type=Dates) == how
