"""Values of an estimate, whatever wrote them."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tasks.tables.columns import Column
from tasks.tables.value_types.conversion import Misfit, converted, converted_list

NUMBER = Column("c", "number")
FLAG = Column("c", "number", zero_one=True)
TRUTH = Column("c", "boolean")
DATE = Column("c", "date")
CATEGORY = Column("c", "category", categories=["007", "1", "2.5", "NA", "true"])
DAY = datetime(2026, 11, 1)


@pytest.mark.parametrize(
    ("column", "values", "expected"),
    [
        (NUMBER, ["1", "2.50", "NA", ""], [1.0, 2.5, None, None]),
        (NUMBER, [1, 2.5, "3", None], [1.0, 2.5, 3.0, None]),
        (FLAG, [True, False, 1, "true"], [1.0, 0.0, 1.0, 1.0]),
        (Column("c", "number", format="percent"), ["12.5%", "3", 4], [12.5, 3.0, 4.0]),
        (Column("c", "number", format="time"), ["10:30", 1, "10:00:00 AM"], [37800.0, 1.0, 36000.0]),
        (Column("c", "number", format="duration"), ["P1D", "36:00:00"], [86400.0, 129600.0]),
        (TRUTH, [True, 0, "t", "FALSE", None, 1.0], [True, False, True, False, None, True]),
        (DATE, ["2026-11-01", "2026-11-01T02:00:00+02:00", ""], [DAY, DAY, None]),
        (Column("c", "date", format="%d.%m.%Y"), ["01.11.2026", "2026-11-01"], [DAY, DAY]),
        (Column("c", "date", format="epoch_ms"), [1793491200000, "2026-11-01"], [DAY, DAY]),
        (CATEGORY, ["007", 1, 1.0, "1.0", "2.50", True, "NA", None], ["007", "1", "1", "1", "2.5", "true", "NA", None]),
        (CATEGORY, ["new", 7], ["new", "7"]),
        (Column("c", "text"), ["a b", 1, 0.5], ["a b", "1", "0.5"]),
    ],
)
def test_lists_out_of_json(column: Column, values: list[Any], expected: list[Any]) -> None:
    found = converted_list(values, column)
    assert not isinstance(found, Misfit)
    assert found.to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "array", "expected"),
    [
        (NUMBER, pa.array([Decimal("0.10"), None]), [0.1, None]),
        (NUMBER, pa.array([0.1], pa.float32()), [0.1]),
        (NUMBER, pa.array(["1", "2"], pa.string_view()), [1.0, 2.0]),
        (NUMBER, pa.array(["1", "2"]).dictionary_encode(), [1.0, 2.0]),
        (NUMBER, pa.array([2**64 - 1], pa.uint64()), [2.0**64]),
        (NUMBER, pa.nulls(1), [None]),
        (Column("c", "number", format="time"), pa.array([time(10, 30)]), [37800.0]),
        (Column("c", "number", format="duration"), pa.array([timedelta(days=1)]), [86400.0]),
        (TRUTH, pa.array([1, 0], pa.uint8()), [True, False]),
        (DATE, pa.array([date(2026, 11, 1)]), [DAY]),
        (DATE, pa.array([datetime(2026, 11, 1, tzinfo=UTC)], pa.timestamp("ns", "Asia/Tokyo")), [DAY]),
        (CATEGORY, pa.array([1, 2], pa.int8()), ["1", "2"]),
        (CATEGORY, pa.array([1.0, 2.5]), ["1", "2.5"]),
        (CATEGORY, pa.array([1, 2], pa.int8()).dictionary_encode(), ["1", "2"]),
    ],
)
def test_columns_of_any_type(column: Column, array: pa.Array, expected: list[Any]) -> None:
    found = converted(pa.chunked_array([array]), column)
    assert not isinstance(found, Misfit)
    assert found.to_pylist() == expected


@pytest.mark.parametrize(
    ("column", "values", "misfit"),
    [
        (NUMBER, [1, "x"], Misfit(1, "is 'x' where a number belongs")),
        (NUMBER, ["5%"], Misfit(0, "is '5%' where a number belongs")),
        (NUMBER, [None, True], Misfit(1, "is true or false where a number belongs")),
        (NUMBER, [1, True, "x"], Misfit(1, "is true or false where a number belongs")),
        (TRUTH, [True, 2], Misfit(1, "is '2' where true or false belongs")),
        (TRUTH, [2], Misfit(0, "is 2 where true or false belongs")),
        (DATE, ["2026-11-01", "soon"], Misfit(1, "is 'soon' where a date belongs")),
        (DATE, [5], Misfit(0, "is 5 where a date belongs")),
    ],
)
def test_what_does_not_fit(column: Column, values: list[Any], misfit: Misfit) -> None:
    assert converted_list(values, column) == misfit
