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


def test_the_name_of_a_month() -> None:
    texts = ["Jan 1 2000", "Feb-29-2000", "sept. 30, 2001", "01-MAR-2000", "31 December 1999 23:59:30", "Feb 30 2000"]
    assert parse(pa.array([*texts, "Jan 1 95", "2026-11-01", None])).to_pylist() == [
        datetime(2000, 1, 1),
        datetime(2000, 2, 29),
        datetime(2001, 9, 30),
        datetime(2000, 3, 1),
        datetime(1999, 12, 31, 23, 59, 30),
        None,
        None,
        datetime(2026, 11, 1),
        None,
    ]
