"""Dates in writing."""

from __future__ import annotations

from datetime import datetime

import pyarrow as pa

from tasks.tables.value_types.dates import parse


def test_days_times_and_zones() -> None:
    found = parse(
        pa.array(
            [
                *("2026-11-01", "2026-11-01T07:30", "2026-11-01 07:30:15.5", "2026-11-01T07:30:00Z"),
                *("2026-11-01T07:30:00+02:00", "2026-02-30", "soon", "", None),
            ]
        )
    )
    assert found.type == pa.timestamp("us")
    assert found.to_pylist() == [
        datetime(2026, 11, 1),
        datetime(2026, 11, 1, 7, 30),
        datetime(2026, 11, 1, 7, 30, 15, 500_000),
        datetime(2026, 11, 1, 7, 30),
        datetime(2026, 11, 1, 5, 30),
        *[None] * 4,
    ]
