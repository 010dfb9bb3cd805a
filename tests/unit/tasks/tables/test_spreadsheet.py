"""Text that a spreadsheet would compute is made text; numbers are not touched."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tasks.contract import Media
from tasks.tables.formats import write
from tasks.tables.spreadsheet import BEGINS, neutralised


@pytest.mark.parametrize("first", BEGINS)
@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_that_may_be_a_formula(first: str, kind: pa.DataType) -> None:
    table = pa.table({"a": pa.array([f"{first}1", None, f"x{first}", ""], pa.string()).cast(kind)})
    assert neutralised(table)["a"].to_pylist() == [f"'{first}1", None, f"x{first}", ""]


def test_numbers_and_booleans_are_as_they_were() -> None:
    table = pa.table({"a": [-1.5, 2.0], "b": [-3, 4], "c": [True, False]})
    assert neutralised(table) == table
    assert write(neutralised(table), Media.CSV) == write(table, Media.CSV)


def test_names_of_columns() -> None:
    assert neutralised(pa.table({"=a": [1], "b": [2]})).column_names == ["'=a", "b"]


def test_no_rows() -> None:
    table = pa.table({"a": pa.array([], pa.string())})
    assert neutralised(table)["a"].to_pylist() == []
