"""What rows of estimates look like beside those of training."""

from __future__ import annotations

import math
from typing import Any

import pytest

from gateway.web.drift_documents import Planned, PlannedColumn, drift_document
from tasks.registry.drift import ColumnSample, Sample

#: Values from 0 to 100 that lie evenly.
QUANTILES = [1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0]
EVEN = PlannedColumn(name="area", type="number", rows=100, missing=10, min=0.0, max=100.0, quantiles=QUANTILES)
CITY = PlannedColumn(name="city", type="category", rows=100, shares=[("Basel", 0.6), ("Bern", 0.3)])


def drifted(*samples: Sample, plan: tuple[PlannedColumn, ...] = (EVEN, CITY)) -> dict[str, Any]:
    return drift_document(samples, Planned(columns=[*plan]))


def area(parts: list[int], *, below: int = 0, above: int = 0, missing: int = 0) -> ColumnSample:
    return ColumnSample(parts, below, above, {}, missing, 0.0, 100.0)


def test_numbers_lie_beside_those_of_training() -> None:
    first = Sample(2, 10.0, 8, {"area": area([2, 2, 2, 2])})
    second = Sample(2, 20.0, 4, {"area": area([0, 0, 0, 2], above=1, missing=1)})
    old = Sample(1, 5.0, 50, {"area": area([50, 0, 0, 0])})
    found = drifted(second, first, old)
    assert (found["version"], found["rows"]) == (2, 12)
    assert (found["since"], found["until"]) == ("1970-01-01T00:00:10.000Z", "1970-01-01T00:00:20.000Z")
    (column,) = found["columns"]
    assert column["missing"] == {"trained": 0.1, "live": round(1 / 12, 5)}
    assert [(one["from"], one["to"], one["trained"]) for one in column["bins"]] == [
        *((0.0, 25.0, 0.25), (25.0, 50.0, 0.25), (50.0, 75.0, 0.25), (75.0, 100.0, 0.25)),
        (100.0, None, 0.0),
    ]
    live = [one["live"] for one in column["bins"]]
    assert live == [round(n / 11, 5) for n in (2, 2, 2, 4, 1)]
    shares = [(max(one, 1e-4), max(two, 1e-4)) for one, two in zip(live, [0.25] * 4 + [0], strict=True)]
    assert column["psi"] == pytest.approx(sum((a - b) * math.log(a / b) for a, b in shares), abs=1e-4)


def test_values_lie_beside_those_of_the_plan() -> None:
    sample = Sample(1, 1.0, 10, {"city": ColumnSample([], 0, 0, {"Basel": 3, "Bern": 3, "Chur": 4}, 0)})
    (column,) = drifted(sample)["columns"]
    assert column["bins"] == [
        {"value": "Basel", "trained": 0.6, "live": 0.3},
        {"value": "Bern", "trained": 0.3, "live": 0.3},
        {"value": "others", "trained": 0.1, "live": 0.4},
    ]


def test_alike_is_near_nothing() -> None:
    sample = Sample(
        1,
        1.0,
        1000,
        {"area": area([250] * 4), "city": ColumnSample([], 0, 0, {"Basel": 600, "Bern": 300, "Chur": 100})},
    )
    assert [column["psi"] < 0.02 for column in drifted(sample)["columns"]] == [True, True]


@pytest.mark.parametrize("kind", ["text", "date"])
def test_of_some_columns_only_what_is_missing_is_told(kind: str) -> None:
    column = PlannedColumn(name="note", type=kind, rows=4, missing=1)
    sample = Sample(1, 1.0, 5, {"note": ColumnSample([], 0, 0, {}, 2)})
    (told,) = drifted(sample, plan=(column,))["columns"]
    assert (told["bins"], told["psi"], told["missing"]["trained"]) == ([], None, 0.25)


def test_of_nothing_nothing_is_told() -> None:
    assert drifted() == {"version": None, "rows": 0, "since": None, "until": None, "columns": []}
    unknown = Sample(1, 1.0, 5, {"other": ColumnSample()})
    assert drifted(unknown)["columns"] == []
    assert drifted(Sample(1, 1.0, 5, {"area": ColumnSample()}))["columns"][0]["bins"] == []
