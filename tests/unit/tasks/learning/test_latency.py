"""Models are made smaller until one is quick enough, or none is left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.lightgbm import LightGBM
from tasks.learning.latency import Limit
from tasks.tables.columns import Column, Schema
from tests.clocks import Clock

TABLE = pa.table({"a": [float(number) for number in range(40)], "y": [float(number % 7) for number in range(40)]})
DATASET = Dataset(TABLE, TABLE, Schema([Column("a", "number")], "y", "regression"))


class Trees(Estimator[int]):
    """A row takes 1 ms, and 1 ms more for each tree."""

    def __init__(self, clock: Clock, *, shrinks: bool = True) -> None:
        super().__init__()
        self.clock, self.shrinks = clock, shrinks

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> int:
        return int(params.get("trees", 100))

    def predict(self, model: int, table: pa.Table) -> pa.Table:
        self.clock.now += 0.001 * (1 + model)
        return pa.table({"prediction": [0.0] * table.num_rows})

    def quicker(self, params: Mapping[str, Any], model: int | None, part: float) -> dict[str, Any] | None:
        if not self.shrinks or model == 1:
            return None
        return {"trees": 1 if model is None else max(1, int(model * part))}

    def dump(self, model: int) -> bytes:
        return b""

    def load(self, data: bytes) -> int:
        return 0


def keep(limit: Limit, estimator: Trees, params: dict[str, Any]) -> tuple[dict[str, Any], int]:
    limit.check(params, lambda *_: None)
    return limit.kept(params, lambda now: estimator.fit(DATASET, now, lambda *_: None), model=lambda made: made)


def test_trees_become_fewer_until_a_row_takes_no_longer() -> None:
    estimator = Trees(Clock())
    limit = Limit(0.011, estimator, DATASET, clock=estimator.clock)
    used, model = keep(limit, estimator, {"other": 1})
    assert (used["other"], used["trees"]) == (1, model)
    assert 7 <= model <= 10
    told = limit.told({"other": 1}, used)
    assert told.measured == pytest.approx(0.001 * (1 + model))
    assert told.at_first == pytest.approx(0.101)
    assert told.bounded == {"trees": model}
    limit.allow(model)
    with pytest.raises(InvalidParams, match=r"a row takes 0.05 s"):
        limit.allow(49)


def test_one_that_became_much_too_small_is_tried_larger() -> None:
    class Cached(Trees):
        """Few trees take no time."""

        def predict(self, model: int, table: pa.Table) -> pa.Table:
            return super().predict(model if model > 30 else 0, table)

    estimator = Cached(Clock())
    model = keep(Limit(0.03, estimator, DATASET, clock=estimator.clock), estimator, {"trees": 2000})[1]
    assert 20 < model < 30
    model = keep(Limit(0.3, estimator, DATASET, clock=estimator.clock), estimator, {"trees": 2000})[1]
    assert 200 < model < 300


def test_no_smaller_one_is_quick_enough() -> None:
    estimator = Trees(Clock())
    with pytest.raises(InvalidField, match=r"even the smallest model takes 0.002 s"):
        keep(Limit(0.0015, estimator, DATASET, clock=estimator.clock), estimator, {})
    estimator = Trees(Clock(), shrinks=False)
    with pytest.raises(InvalidField, match=r"the smallest model that was tried takes 0.1 s"):
        keep(Limit(0.011, estimator, DATASET, clock=estimator.clock), estimator, {})


def test_lightgbm_has_fewer_trees_then_fewer_leaves_then_none() -> None:
    estimator, params, seen = LightGBM(), {"n_estimators": 200, "min_data_in_leaf": 1}, []
    assert estimator.quicker(params, None, 0.0) == {"n_estimators": 1, "num_leaves": 2}
    changed: dict[str, Any] | None = {}
    for _ in range(20):
        params |= changed or {}
        model = estimator.fit(DATASET, params, lambda *_: None)
        changed = estimator.quicker(params, model, 0.4)
        if changed is None:
            break
        seen.append(set(changed))
    assert seen[0] == {"n_estimators", "learning_rate"}
    assert {"num_leaves", "max_depth"} in seen
    assert changed is None
    assert params["n_estimators"] == 1
