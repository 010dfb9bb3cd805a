"""What a task takes from its one positional argument."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.errors import InvalidField
from tasks.worker.passed import check_positional, passed_on, with_passed

TRAINED = {"model": "m", "version": 3, "metrics": {"rmse": 0.5}, "rows": 400}


@pytest.mark.parametrize(
    ("before", "taken"),
    [
        ("m", {"model": "m"}),
        (TRAINED, {"model": "m", "version": 3}),
        ([TRAINED, TRAINED], {"model": "m", "version": 3}),
        ([TRAINED, {**TRAINED, "version": 4}], {"model": "m"}),
        ([TRAINED, {**TRAINED, "model": "other"}], {}),
        ([[TRAINED], TRAINED], {"model": "m", "version": 3}),
        ({"model": 5, "version": "3"}, {}),
        (None, {}),
        (7, {}),
        ([], {}),
        (b"m", {}),
        ([[1, 2], [3, 4]], {}),
    ],
)
def test_what_is_taken(before: Any, taken: dict[str, Any]) -> None:
    assert passed_on(before) == taken


def test_keywords_come_first_and_strangers_may_send_anything() -> None:
    assert with_passed([TRAINED], {"model": "mine"}) == {"model": "mine", "version": 3}
    assert with_passed(7, "nothing") == {}
    assert with_passed([], {"rows": [[1]]}) == {"rows": [[1]]}


def test_one_positional_argument() -> None:
    check_positional("tasks.train", ["m"])
    with pytest.raises(InvalidField, match=r"takes one positional argument.* give the others by name: kwargs="):
        check_positional("tasks.train", ["m", {}])
