"""When two answers count as the same."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tasks.conformance.comparing import difference


def compared(first: dict[str, Any], second: dict[str, Any]) -> str | None:
    return difference(pa.table(first), pa.table(second), ways=("here", "there"))


def test_the_last_digits_may_differ() -> None:
    assert compared({"prediction": [1e6, 0.0]}, {"prediction": [1e6 + 0.5, 1e-3]}) is None
    said = compared({"prediction": [1e3, 5.0, 7.0]}, {"prediction": [1e3, 8.0, 7.0]})
    assert said == "prediction of row 1 is 5 here and 8 there; 1 of 3 rows differ"


def test_what_is_missing_is_the_same_as_itself_only() -> None:
    nothing = float("nan")
    assert compared({"prediction": [nothing, 1.0]}, {"prediction": [nothing, 1.0]}) is None
    assert "nan" in (compared({"prediction": [nothing, 1.0]}, {"prediction": [2.0, 1.0]}) or "")


@pytest.mark.parametrize(("chance", "same"), [(0.5 + 1e-9, True), (0.6, False)])
def test_of_two_classes_that_are_as_probable_either_may_be_given(chance: float, same: bool) -> None:
    chances = {"probability_0": [chance], "probability_1": [1 - chance]}
    found = compared({"prediction": ["no"], **chances}, {"prediction": ["yes"], **chances})
    assert (found is None) is same


def test_other_columns_and_other_rows_are_said() -> None:
    assert "columns" in (compared({"prediction": [1.0]}, {"predictions": [1.0]}) or "")
    assert "2 answers here and 1 there" in (compared({"prediction": [1.0, 2.0]}, {"prediction": [1.0]}) or "")
