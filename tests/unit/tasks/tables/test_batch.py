"""Rows that are predicted at once, as a table or as numbers."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from tasks.estimators.features.layer import PLAIN
from tasks.tables.batch import MOST_NUMBERS_ROWS
from tasks.tables.columns import Column, Schema
from tasks.tables.row_reader import RowReader

NUMBERS = Schema(
    columns=[Column("a", "number"), Column("b", "number", nullable=True)], target="y", problem="regression"
)
MIXED = Schema(
    columns=[Column("a", "number"), Column("c", "boolean"), Column("k", "category", ["p", "q"], nullable=True)],
    target="y",
    problem="regression",
)
DATED = Schema(columns=[Column("a", "number"), Column("d", "date")], target="y", problem="regression")


def body(**document: Any) -> bytes:
    return msgspec.json.encode(document)


def test_numbers_lie_row_after_row_and_are_the_same_table() -> None:
    reader = RowReader(NUMBERS)
    parts = [reader.read(data) for data in (body(rows=[[1, None], [3, 4]]), body(columns={"b": [6], "a": [5]}))]
    batch = reader.batch(parts)
    assert isinstance(batch.numbers, np.ndarray)
    assert batch.numbers.flags.c_contiguous
    np.testing.assert_array_equal(batch.numbers, [[1, np.nan], [3, 4], [5, 6]])
    assert len(batch) == 3
    expected = reader.table(parts)
    assert batch.table.schema == expected.schema
    for name in ("a", "b"):
        np.testing.assert_array_equal(batch.table.column(name).to_numpy(), expected.column(name).to_numpy())
    assert batch.table is batch.table


def test_columns_of_one_body_are_rows_too() -> None:
    reader = RowReader(NUMBERS)
    batch = reader.batch([reader.read(body(columns={"b": [6, None], "a": [5, 7]}))])
    np.testing.assert_array_equal(batch.numbers, [[5, 6], [7, np.nan]])


@pytest.mark.parametrize("rows", [MOST_NUMBERS_ROWS, MOST_NUMBERS_ROWS + 1])
def test_many_rows_are_a_table(rows: int) -> None:
    reader = RowReader(NUMBERS)
    batch = reader.batch([reader.read(body(rows=[[1, 2]] * rows))])
    assert len(batch) == rows == batch.table.num_rows
    assert (batch.numbers is not None) == (rows == MOST_NUMBERS_ROWS)


def test_large_bodies_are_a_matrix_and_the_same_table() -> None:
    reader = RowReader(NUMBERS)
    rows = [[place / 7, None if place % 3 else place] for place in range(9000)]
    parts = [reader.read(body(rows=some)) for some in (rows[:5000], rows[5000:])]
    batch, alone = reader.batch(parts), reader.batch(parts[:1])
    expected = np.array(rows, dtype=np.float64)
    assert len(batch) == 9000
    assert len(alone) == 5000
    assert isinstance(batch.numbers, np.ndarray)
    assert batch.numbers.flags.c_contiguous
    np.testing.assert_array_equal(batch.numbers, expected)
    assert alone.numbers is not None
    assert not isinstance(alone.numbers, np.ndarray), "it may be read while it is predicted"
    assert alone.numbers.shape == (5000, 2)
    np.testing.assert_array_equal(alone.numbers.part(10, 4000), expected[10:4000])
    np.testing.assert_array_equal(PLAIN.matrix(batch.head(2000), NUMBERS), expected[:2000])
    assert "table" not in vars(batch)
    np.testing.assert_array_equal(PLAIN.matrix(batch.table, NUMBERS), expected)
    np.testing.assert_array_equal(PLAIN.matrix(alone.head(9000), NUMBERS), expected[:5000])
    small = reader.batch([*parts[:1], reader.read(body(rows=[[1, 2]]))])
    assert small.numbers is None
    np.testing.assert_array_equal(PLAIN.matrix(small.table, NUMBERS), [*expected[:5000], [1, 2]])
    np.testing.assert_array_equal(PLAIN.matrix(small.head(3), NUMBERS), expected[:3])


def test_categories_are_codes_and_booleans_numbers() -> None:
    reader = RowReader(MIXED)
    parts = [reader.read(body(rows=[[1, True, "q"], [2, False, None], [3, True, "new"]]))]
    batch = reader.batch(parts)
    numbers = batch.numbers
    np.testing.assert_array_equal(numbers, [[1, 1, 1], [2, 0, np.nan], [3, 1, np.nan]])
    np.testing.assert_array_equal(numbers, PLAIN.matrix(batch.table, MIXED))
    assert batch.table.equals(reader.table(parts))


def test_dates_are_a_table() -> None:
    reader = RowReader(DATED)
    batch = reader.batch([reader.read(body(rows=[[1, "2026-01-02"]]))])
    assert batch.numbers is None
    assert len(batch) == 1
