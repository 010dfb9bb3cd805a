"""Splits by group and by time, and folds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField
from tasks.estimators.lightgbm import LightGBM
from tasks.tables.folds import FOLDS, fold_codes
from tasks.tables.sides import Sides
from tasks.tables.splitting import TEST, TRAIN, VALIDATION, Parts, Wanted, deal


def table(rows: int, seed: int = 0) -> pa.Table:
    rng = np.random.default_rng(seed)
    groups = np.sort(rng.integers(0, 40, size=rows))
    return pa.table({
        "x": rng.normal(size=rows),
        "y": rng.choice(["a", "b", "c"], size=rows, p=[0.6, 0.3, 0.1]),
        "g": [f"g{value}" for value in groups],
        "t": pa.array(rng.permutation(rows) // 3, pa.timestamp("us")),
    })  # fmt: skip


def split(data: pa.Table, by: Any, known: Sides | None = None) -> Parts:
    return deal(data, Wanted(by=by, column=by[0]), target="y", classes=True, known=known)


def test_a_group_is_in_one_part() -> None:
    data = table(2000)
    parts = split(data, "group")
    groups = [set(parts.of(data, part)["g"].to_pylist()) for part in (TRAIN, VALIDATION, TEST)]
    assert sum(map(len, groups)) == 40
    assert not groups[0] & groups[1] | groups[0] & groups[2] | groups[1] & groups[2]
    assert parts.count(TEST) == pytest.approx(400, abs=60)
    assert parts.count(VALIDATION) == pytest.approx(320, abs=60)


def test_groups_keep_their_part_when_others_come() -> None:
    data = table(2000)
    some = data.filter(pa.array(np.char.add(data["g"].to_numpy().astype(str), "") < "g3"))
    first = split(some, "group")
    assert first.sides is not None
    parts = split(data, "group", Sides.from_bytes(first.sides.to_bytes()))
    for part in (TRAIN, VALIDATION, TEST):
        assert set(first.of(some, part)["g"].to_pylist()) <= set(parts.of(data, part)["g"].to_pylist())
    assert parts.count(TEST) == pytest.approx(400, abs=80)


def test_fewer_groups_than_parts_are_refused() -> None:
    data = table(30).set_column(2, "g", pa.array(["a", "b"] * 15))
    with pytest.raises(InvalidField, match="has 2 groups"):
        split(data, "group")
    three = data.set_column(2, "g", pa.array(["a", "b", "c"] * 10))
    parts = split(three, "group")
    assert [parts.count(part) for part in (TRAIN, VALIDATION, TEST)] == [10, 10, 10]


def test_what_comes_later_is_test() -> None:
    data = table(1000)
    parts = split(data, "time")
    times = [np.asarray(parts.of(data, part)["t"]).astype(int) for part in (TRAIN, VALIDATION, TEST)]
    assert times[0].max() < times[1].min() <= times[1].max() < times[2].min()
    assert abs(parts.count(TEST) - 200) <= 3
    assert abs(parts.count(VALIDATION) - 160) <= 3
    assert parts.sides is None


def test_too_few_times_are_refused() -> None:
    data = table(30).set_column(3, "t", pa.array([1, 2] * 15))
    with pytest.raises(InvalidField, match="fewer than 3 different times"):
        split(data, "time")


def test_folds_have_as_many_of_each_class_whole_groups_and_times_in_order() -> None:
    data = table(503)
    codes = fold_codes(data.select(["x", "y"]), "random", "", target="y", classes=True)
    for value in "abc":
        counts = np.bincount(codes[np.asarray(data["y"]) == value], minlength=FOLDS)
        assert counts.max() - counts.min() <= 1
    by_group = fold_codes(data, "group", "g", target="y", classes=True)
    assert len(set(zip(data["g"].to_pylist(), by_group.tolist(), strict=True))) == len(set(data["g"].to_pylist()))
    assert max(Counter(by_group.tolist()).values()) < 130
    by_time = fold_codes(data, "time", "t", target="y", classes=True)
    times = np.asarray(data["t"]).astype(int)
    assert all(times[by_time == k].max() < times[by_time == k + 1].min() for k in range(FOLDS - 1))


def test_a_class_that_no_row_to_learn_from_has_is_said() -> None:
    rows = 300
    data = table(rows)
    late = pa.array(["new" if row >= rows - 20 else "old" if row % 2 else "older" for row in range(rows)])
    data = data.set_column(1, "y", late).set_column(3, "t", pa.array(range(rows), pa.timestamp("us")))
    found = {split: findings_of(data, split) for split in ("time", "random")}
    assert "1 of 3 classes: 'new'" in found["time"]["class_not_learned"]
    assert "class_not_learned" not in found["random"]


def findings_of(data: pa.Table, split: str) -> dict[str, str]:
    """The messages of what an init finds, by code."""
    options: dict[str, Any] = {"target": "y", "columns": {"t": "time", "g": "ignore"}}
    if split == "random":
        options["columns"]["t"] = "ignore"
    plan = LightGBM().prepare(data, options).plan
    assert plan is not None
    return {finding.code: finding.message for finding in plan.findings}
