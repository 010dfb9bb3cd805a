"""The benchmark of growth tells what costs more than it may, and what grows faster."""

from __future__ import annotations

import pytest

from tests.benchmarks.growing.row import Bound, Row, exponent, judged

SIZES = (10, 100, 1000)


@pytest.mark.parametrize(
    ("figures", "power"), [((3, 3, 3), 0), ((2, 20, 200), 1), ((1, 100, 10_000), 2), ((0, 0, 0), 0)]
)
def test_the_shape_is_a_power_of_the_size(figures: tuple[float, ...], power: float) -> None:
    assert exponent(SIZES, figures) == pytest.approx(power)


@pytest.mark.parametrize(
    ("figures", "faults"),
    [([1.0, 1.0, 4.0], 1), ([1.0, 1.0, 5.1], 2), ([5.0, 5.0, 5.0], 0), ([6.0, 6.0, 6.0], 1)],
)
def test_what_is_worse_than_stated_is_a_fault(figures: list[float], faults: int) -> None:
    row = Row(name="x", of="things", sizes=SIZES, measure=lambda _: {}, bounds={"ms": Bound(most=5, exponent=0.2)})
    assert len(judged(row, {"ms": figures}).faults) == faults
