"""Columns that are what the caller says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest

from tasks.tables.columns import ColumnType
from tasks.tables.value_types.typing import format_of, typed
from tasks.tables.wishes import Wish

DAY = datetime(2026, 11, 1)
DAY_MS = 1_793_491_200_000


def column(values: Any, kind: ColumnType, form: str = "") -> tuple[list[Any], str]:
    """(values, format) of a column with a type that was given."""
    table, findings = typed(pa.table({"c": values}), {"c": Wish(type=kind, format=form)})
    assert not [found for found in findings if found.severity == "error"]
    return table["c"].to_pylist(), format_of(table.schema[0])


@pytest.mark.parametrize(
    ("values", "kind", "form", "expected"),
    [
        (["007", "+5", "", "?"], "number", "", [7, 5, None, None]),
        (["true", "false"], "number", "", [1, 0]),
        ([True, False, None], "number", "", [1, 0, None]),
        (["5%", "6.5 %"], "number", "", [5.0, 6.5]),
        (["5%", "6.5"], "number", "percent", [5.0, 6.5]),
        (["12345678901234567890"], "number", "", [12345678901234567168.0]),
        (["10:00", "36:00:00"], "number", "", [36000, 129600]),
        (["Yes", "n", "1", "0"], "boolean", "", [True, False, True, False]),
        ([1.0, 0.0, None], "boolean", "", [True, False, None]),
        ([1, 2, None], "category", "", ["1", "2", None]),
        (["1.0", "2", "NA"], "category", "", ["1", "2", None]),
        (["007", "1.0"], "category", "", ["007", "1.0"]),
        ([True, None], "text", "", ["true", None]),
        (["True", "FALSE"], "category", "", ["true", "false"]),
        (["5%", "6%"], "category", "", ["5%", "6%"]),
        (["1", "2", "x"] * 4, "category", "", ["1", "2", "x"] * 4),
        ([DAY], "category", "", ["2026-11-01"]),
        (["2026-11-01"], "category", "", ["2026-11-01"]),
        (["01.11.2026", "?"], "date", "%d.%m.%Y", [DAY, None]),
        (["11/01/2026", "2026-11-01"], "date", "%m/%d/%Y", [DAY, DAY]),
        (["1.11.2026 00:00:00", "01.11.2026 0:0:0"], "date", "%d.%m.%Y %H:%M:%S", [DAY, DAY]),
        (["nov 1, 2026", "Nov 01, 2026"], "date", "%b %d, %Y", [DAY, DAY]),
        (["01/Nov/2026:02:00 +0200"], "date", "%d/%b/%Y:%H:%M %z", [DAY]),
        ([DAY_MS, None], "date", "epoch_ms", [DAY, None]),
        ([DAY_MS / 1000], "date", "epoch_s", [DAY]),
        ([str(DAY_MS * 1000)], "date", "epoch_us", [DAY]),
        (["2026-11-01", None], "date", "", [DAY, None]),
    ],
)  # fmt: skip
def test_what_fits_is_taken(values: list[Any], kind: ColumnType, form: str, expected: list[Any]) -> None:
    assert column(values, kind, form)[0] == expected


def test_formats_that_were_found_are_kept() -> None:
    assert column(["5%"], "number")[1] == "percent"
    assert column(["10:00"], "number")[1] == "time"
    assert column([DAY_MS], "date") == ([DAY], "epoch_ms")
    assert column(["01.11.2026"], "date", "%d.%m.%Y")[1] == "%d.%m.%Y"


@pytest.mark.parametrize(
    ("values", "kind", "form", "row", "words"),
    [
        (["1", "2", "two"], "number", "", 2, "is 'two' where a number belongs"),
        ([*map(str, range(100)), "x"], "number", "", 100, "is 'x' where a number belongs"),
        ([DAY], "number", "", 0, "where a number belongs"),
        (["true", "maybe"], "boolean", "", 1, "is 'maybe' where true or false belongs"),
        ([0, 1, 2], "boolean", "", 2, "is 2 where true or false belongs"),
        (["2026-11-01", "soon"], "date", "", 1, "is 'soon' where a date belongs"),
        (["01.11.2026", "31.02.2026"], "date", "%d.%m.%Y", 1, "is '31.02.2026' where a date belongs"),
        ([None, 1_793_491_200], "date", "", 1, "say with format which"),
        ([True], "date", "", 0, "is true or false where a date belongs"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(values: list[Any], kind: ColumnType, form: str, row: int, words: str) -> None:
    _, findings = typed(pa.table({"c": values}), {"c": Wish(type=kind, format=form)})
    assert [found.code for found in findings] == ["not_of_type"]
    assert findings[0].severity == "error"
    assert findings[0].rows == [row]
    assert f"row {row} is " in findings[0].message
    assert words in findings[0].message


def test_keys_and_what_is_for_nothing_stay_as_they_are() -> None:
    table = pa.table({"k": ["007", "1"], "i": [1.0, 2.0]})
    assert typed(table, {"k": Wish(role="key"), "i": Wish(role="ignore")})[0].equals(table)
