"""One rule for types, by values."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tasks.tables.value_types.typing import format_of, typed
from tasks.tables.wishes import Wish

NONE = pa.null()
WHOLE, FLOAT, TRUTH, TEXT, MOMENT = pa.int64(), pa.float64(), pa.bool_(), pa.string(), pa.timestamp("us")
CATEGORY = pa.dictionary(pa.int32(), pa.string())
DAY = datetime(2026, 11, 1)
TEN = DAY.replace(hour=10)


def one(values: Any, kind: pa.DataType | None = None) -> tuple[pa.DataType, list[Any], list[str], str]:
    """(type, values, codes of the findings, format) of one column."""
    array = values if isinstance(values, pa.Array | pa.ChunkedArray) else pa.array(values, kind)
    table, findings = typed(pa.table({"c": array}))
    table.validate(full=True)
    return table["c"].type, table["c"].to_pylist(), [found.code for found in findings], format_of(table.schema[0])


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (["1", "2", None], WHOLE, [1, 2, None]),
        (["1.0", "2", "NA"], WHOLE, [1, 2, None]),
        (["1.50", "-2e-1", ".5", "5."], FLOAT, [1.5, -0.2, 0.5, 5.0]),
        (["1", " 2.5 ", "", "NaN", "None", "#N/A", "null"], FLOAT, [1.0, 2.5, *[None] * 5]),
        (["inf", "-Infinity", "1"], FLOAT, [float("inf"), float("-inf"), 1.0]),
        (["0", "-0", "10"], WHOLE, [0, 0, 10]),
        (["9007199254740993", "1"], WHOLE, [9007199254740993, 1]),
        (["100000000000000000000", "1"], FLOAT, [1e20, 1.0]),
        (["12345678901234567890", "1"], TEXT, ["12345678901234567890", "1"]),
        (["007", "100"], TEXT, ["007", "100"]),
        (["+4930", "4931"], TEXT, ["+4930", "4931"]),
        (["0x1F", "0xA"], TEXT, ["0x1F", "0xA"]),
        (["1_000", "2_000"], TEXT, ["1_000", "2_000"]),
        (["1,5", "2,5"], TEXT, ["1,5", "2,5"]),
        (["12.5%", "3 %", "?"], FLOAT, [12.5, 3.0, None]),
        (["t", "f", "t", ""], TRUTH, [True, False, True, None]),
        (["TRUE", "False"], TRUTH, [True, False]),
        (["T", "F", "NA"], TRUTH, [True, False, None]),
        (["t", "false"], TEXT, ["t", "false"]),
        (["yes", "no"], TEXT, ["yes", "no"]),
        (["true", "1"], TEXT, ["true", "1"]),
        (["DE", "NA", "", "\\N"], TEXT, ["DE", "NA", "", None]),
        (["NA", "", "?"], NONE, [None] * 3),
        (["2026-11-01", "2026-11-02", "NA"], MOMENT, [DAY, datetime(2026, 11, 2), None]),
        (["2026/11/01 07:30", "2026/11/02"], MOMENT, [datetime(2026, 11, 1, 7, 30), datetime(2026, 11, 2)]),
        (["2026/13/01", "2026/11/02"], pa.string(), ["2026/13/01", "2026/11/02"]),
        (["2026-11-01 10:00", "2026-11-01"], MOMENT, [TEN, DAY]),
        (["2026-11-01T10:00:00.000000", "2026-11-01T10"], MOMENT, [TEN, TEN]),
        (["2026-11-01T12:00:00+02:00", "2026-11-01T10:00:00Z", "2026-11-01"], MOMENT, [TEN, TEN, DAY]),
        (["2026-11-01 05:00-0500", "2026-11-01 15:30:00.000+05:30", "2026-11-01T10:00 UTC"], MOMENT, [TEN] * 3),
        (["2026-11-01T00:00:00.123456789", "2026-11-01"], MOMENT, [DAY.replace(microsecond=123456), DAY]),
        (["2024-02-29", "2026-02-29"], TEXT, ["2024-02-29", "2026-02-29"]),
        (["10:30", "23:59:59.5"], FLOAT, [37800.0, 86399.5]),
        (["10:00:00 AM", "12:00:00 am", "12:30 PM"], WHOLE, [36000, 0, 45000]),
        (["36:00:00", "1 days 00:00:01", "PT5S", "-1 days +23:59:59"], WHOLE, [129600, 86401, 5, -1]),
        (["P1DT2H3M4.5S", "3 days", "1 day, 2:03:04"], FLOAT, [93784.5, 259200.0, 93784.0]),
    ],
)  # fmt: skip
def test_texts_are_what_they_say(values: list[str | None], kind: pa.DataType, expected: list[Any]) -> None:
    assert one(values)[:2] == (kind, expected)


@pytest.mark.parametrize(
    ("values", "kind", "expected"),
    [
        (pa.array([1.0, 2.0, float("nan")]), WHOLE, [1, 2, None]),
        (pa.array([1.5, float("nan")]), FLOAT, [1.5, None]),
        (pa.array([0.1, 2.0], pa.float32()), FLOAT, [0.1, 2.0]),
        (pa.array([0.1, None], pa.float16()), FLOAT, [0.1, None]),
        (pa.array([1, None], pa.uint8()), WHOLE, [1, None]),
        (pa.array([2**64 - 1, 1], pa.uint64()), TEXT, [str(2**64 - 1), "1"]),
        (pa.array([Decimal("1.10"), None]), FLOAT, [1.1, None]),
        (pa.array([Decimal("3.00"), Decimal("4.00")]), WHOLE, [3, 4]),
        (pa.array([Decimal("12345678901234567.25")], pa.decimal128(38, 10)), FLOAT, [12345678901234567.25]),
        (pa.array([Decimal(9007199254740993)], pa.decimal128(38, 0)), WHOLE, [9007199254740993]),
        (pa.array([Decimal("0.1")], pa.decimal256(60, 30)), FLOAT, [0.1]),
        (pa.array([date(2026, 11, 1), None]), MOMENT, [DAY, None]),
        (pa.array([datetime(2026, 11, 1, tzinfo=UTC)], pa.timestamp("ns", "Europe/Berlin")), MOMENT, [DAY]),
        (pa.array([time(10, 30), None]), WHOLE, [37800, None]),
        (pa.array([timedelta(milliseconds=500)]), FLOAT, [0.5]),
        (pa.array(["a", "b", None], pa.large_string()), TEXT, ["a", "b", None]),
        (pa.array(["1", "2"], pa.string_view()), WHOLE, [1, 2]),
        (pa.array(["1", "2"]).dictionary_encode(), CATEGORY, ["1", "2"]),
        (pa.array([3, None, 1], pa.int8()).dictionary_encode(), CATEGORY, ["3", None, "1"]),
        (pa.array([1.0, 2.5]).dictionary_encode(), CATEGORY, ["1", "2.5"]),
        (pa.nulls(2), NONE, [None, None]),
    ],
)  # fmt: skip
def test_types_are_what_they_hold(values: pa.Array, kind: pa.DataType, expected: list[Any]) -> None:
    assert one(values)[:2] == (kind, expected)


def test_one_odd_cell_among_numbers_is_missing_and_said() -> None:
    kind, values, codes, _ = one([*map(str, range(10)), "ten"])
    assert (kind, values[-1]) == (WHOLE, None)
    assert "odd_values" in codes
    _, findings = typed(pa.table({"c": [*map(str, range(10)), "ten"]}))
    assert findings[0].rows == [10]
    assert "'ten'" in findings[0].message


def test_many_odd_cells_leave_text_and_are_said() -> None:
    kind, values, codes, _ = one([*map(str, range(10)), "ten", "eleven"])
    assert (kind, values[-1], codes) == (TEXT, "eleven", ["mixed_values"])


def test_odd_cells_are_counted_by_cells_not_by_texts() -> None:
    assert one(["1"] * 990 + [f"odd {index}" for index in range(10)])[0] == WHOLE
    assert one(["1"] * 980 + [f"odd {index}" for index in range(20)])[0] == TEXT


def test_a_few_numbers_among_texts_are_nothing_special() -> None:
    assert one(["a", "b", "c", "1"])[2] == []


def test_words_that_may_mean_something_are_said() -> None:
    assert one(["1", "?", "-", "."])[2] == ["missing_words", "numbers_as_text"]
    assert one(["2026-11-01", "\\N"])[2] == ["missing_words"]


@pytest.mark.parametrize("values", [["1700000000000000000", "1"], [1700000000000000000, 1], [1.7e18, 1.0]])
def test_whole_numbers_beyond_2_to_53_are_said(values: list[Any]) -> None:
    kind, _, codes, _ = one(values)
    assert kind == WHOLE
    assert "rounded_whole_numbers" in codes


def test_formats_go_with_the_fields() -> None:
    assert one(["5%", "6%"])[3] == "percent"
    assert one(["10:00", "11:00"])[3] == "time"
    assert one(pa.array([timedelta(1)]))[3] == "duration"
    assert one(["1", "2"])[3] == ""


def test_a_decimal_comma_is_one_if_it_is_said() -> None:
    table, _ = typed(pa.table({"c": ["1,5", "2"], "d": ["1.5", "2.5"]}), decimal=",")
    assert table["c"].to_pylist() == [1.5, 2.0]
    assert table["d"].type == TEXT


def test_decimals_are_rounded_as_their_text_is() -> None:
    cents = range(0, 100_000, 7)
    texts = [f"{cent // 100}.{cent % 100:02d}" for cent in cents]
    decimals = pa.array([Decimal(text) for text in texts], pa.decimal128(10, 2))
    assert one(decimals)[1] == [float(text) for text in texts]
    assert one(decimals.cast(pa.decimal128(30, 12)))[1] == [float(text) for text in texts]


def test_chunks_make_no_difference() -> None:
    chunked = pa.chunked_array([["1", "2"], ["2", "x", None], ["3"] * 10])
    assert one(chunked) == one(chunked.combine_chunks())
    assert one(pa.chunked_array([], TEXT))[0] == NONE


def test_what_is_typed_stays_so() -> None:
    table, _ = typed(pa.table({"p": ["5%", "6%"], "t": ["10:00", "11:30"], "c": ["007", "1"], "n": [1.0, 2.0]}))
    again, findings = typed(table)
    assert again.schema.equals(table.schema, check_metadata=True)
    assert again.equals(table)
    assert [found.code for found in findings] == ["codes"]


def test_many_columns_are_typed_as_each_alone() -> None:
    columns = {
        "whole": [1.0, 2.0],
        "parts": [0.5, 2.0],
        "holes": [0.5, None],
        "nan": [0.5, float("nan")],
        "endless": [float("inf"), 1.0],
        "text": ["1", "2"],
    }
    many = pa.table({f"{name}{index}": values for index in range(60) for name, values in columns.items()})
    table, _ = typed(many)
    for name, values in columns.items():
        alone, _ = typed(pa.table({"c": values}))
        assert table[f"{name}59"].equals(alone["c"])
        assert table.schema.field(f"{name}59").type == alone.schema.field("c").type
    wished, _ = typed(many, {"parts0": Wish(type="category")})
    assert wished.schema.field("parts0").type == CATEGORY


def test_words_that_may_have_meant_missing_are_said_among_texts() -> None:
    table, findings = typed(pa.table({"country": ["DE", "NA", "FR", "", None]}))
    assert table.column("country").to_pylist() == ["DE", "NA", "FR", "", None]
    [found] = findings
    assert (found.code, found.severity, found.count, found.rows) == ("missing_words_kept", "info", 2, [1, 3])
    assert "'NA', ''" in found.message
    assert typed(pa.table({"country": ["DE", "AT", None]}))[1] == []
