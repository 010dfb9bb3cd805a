"""Intervals of metrics hold the metric of all rows as often as they say."""

from __future__ import annotations

from typing import Final

import numpy as np
import pytest

from tasks.estimators.metrics import figures
from tasks.estimators.outcomes import Outcomes
from tasks.estimators.uncertainty import difference, intervals

#: How often rows are drawn of which an interval is told.
DRAWN: Final = 150


def classes(rng: np.random.Generator, rows: int, skill: float) -> Outcomes:
    truth = (rng.uniform(size=rows) < 0.3).astype(np.intp)
    chance = 1 / (1 + np.exp(-(rng.normal(size=rows) + skill * (truth - 0.5) - 0.8)))
    chances = np.column_stack([1 - chance, chance])
    return Outcomes("binary", truth, (chance > 0.5).astype(np.intp), chances, np.ones(rows))


def numbers(rng: np.random.Generator, rows: int, skill: float) -> Outcomes:
    truth = rng.normal(size=rows) + 5
    given = truth + rng.normal(size=rows) / skill
    return Outcomes("regression", truth, given, np.empty((rows, 0)), rng.uniform(0.5, 2, size=rows))


@pytest.mark.parametrize("make", [classes, numbers])
@pytest.mark.parametrize("rows", [60, 400])
def test_intervals_hold_the_figure_of_all_rows(make, rows) -> None:  # type: ignore[no-untyped-def]
    """Nearly so of few rows."""
    rng = np.random.default_rng(rows)
    true = figures(make(rng, 200_000, 1.5))
    # What is not linear in the chances of few rows is not on average what it is of many.
    names = set(true) - {"calibration_error", "r2", "mape"}
    held = dict.fromkeys(names, 0)
    for _ in range(DRAWN):
        drawn = make(rng, rows, 1.5)
        found = intervals(drawn, figures(drawn))
        for name in names:
            held[name] += found[name][0] <= true[name] <= found[name][1]
    assert min(held.values()) > DRAWN * (0.87 if rows < 100 else 0.91), held
    assert max(held.values()) < DRAWN * 0.995, held


def test_a_difference_on_the_same_rows_is_seen_where_the_intervals_overlap() -> None:
    rng = np.random.default_rng(1)
    new = numbers(rng, 200, 2.0)
    old = Outcomes("regression", new.truth, new.given + 0.3, new.chances, new.weights)
    span, apart = difference(new, old, "rmse"), [intervals(one, figures(one))["rmse"] for one in (new, old)]
    assert span is not None
    assert span[1] < 0
    assert apart[0][1] > apart[1][0]
    same = difference(new, new, "rmse")
    assert same == (0.0, 0.0)


def test_few_rows_tell_no_interval() -> None:
    two = Outcomes("regression", np.array([1.0, 2.0]), np.array([1.0, 3.0]), np.empty((2, 0)), np.ones(2))
    assert intervals(two, figures(two)) == {}
    right = Outcomes("multiclass", np.arange(10) % 3, np.arange(10) % 3, np.eye(3)[np.arange(10) % 3], np.ones(10))
    low, high = intervals(right, figures(right))["accuracy"]
    assert low == pytest.approx(0.722, abs=0.001)
    assert high == 1.0
