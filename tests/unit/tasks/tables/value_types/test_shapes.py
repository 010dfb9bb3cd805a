"""What texts look like."""

from __future__ import annotations

import pytest

from tasks.tables.value_types.shapes import Shape, likely_shape, shape_of


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        *((text, "number") for text in ("1", "-1.5", ".5", "+49", "1e5", "007", "inf", "-Infinity", "2026-11")),
        *((text, "percent") for text in ("5%", "5 %")),
        *((text, "date") for text in ("2026-11-01", "2026-11-01T10:00Z", "2026/11/01 10:00")),
        *((text, "date") for text in ("Jan 1 2000", "Jan-1-1995", "sept. 30, 2001", "1-MAR-2000", "01 May 2000 10:30")),
        *((text, None) for text in ("May 2000", "Mayor 1 2000", "Jan 1 95", "March 1, 2000 and on")),
        *((text, "number") for text in ("2026/11", "2026/1/01", "11/01/2026")),
        *((text, "time") for text in ("10:00", "36:00:00", "10:00 AM")),
        *((text, "duration") for text in ("P1D", "-PT5S", "1 days 00:00:00", "-1 day, 2:03:04")),
        *((text, "boolean") for text in ("t", "F", "TRUE", "false")),
        *((text, None) for text in ("", "red", "yes", "é", "東京")),
    ],
)  # fmt: skip
def test_shapes(text: str, shape: Shape | None) -> None:
    assert shape_of(text) == shape


def test_most_decide_and_nothing_is_nothing() -> None:
    assert likely_shape(["1", "a", None], [2, 2, 9], share=0.5) == "number"
    assert likely_shape(["1", "a", None], [1, 2, 9], share=0.5) is None
    assert likely_shape([None], [1], share=0.5) is None
