"""What boosters say, as the table that an estimator promises; and what a fit has said of its validation rows anyway."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.outcomes import Floats
from tasks.tables.columns import Schema
from tasks.tables.schema import target_type

#: Where a booster that is fitted has the first of the sets by which it may stop.
_HOLDOUT: Final = 1


class Told(NamedTuple):
    """What the fit of a booster says of these rows, the ones by which it could stop."""

    rows: pa.Table
    found: Floats


def prediction_table(found: Floats, schema: Schema) -> pa.Table:
    """A number for each row, or a row of chances, as `Estimator.predict` promises."""
    if not schema.classes:
        return pa.table({"prediction": found})
    chances = [1 - found, found] if schema.problem == "binary" else list(np.ascontiguousarray(found.T))
    best = (found > 0.5).astype(np.int8) if schema.problem == "binary" else found.argmax(axis=1)
    prediction = pa.array(schema.classes, target_type(schema)).take(pa.array(best))
    return pa.table({"prediction": prediction, **{f"probability_{index}": one for index, one in enumerate(chances)}})


class Said:
    """Looks at a booster while it has its data: the predictions of the holdout that it has made by then are those that
    it would make anew, to the bit.

    So it is where one tree is added to the other, and where the fit is `alone`: goes on from no other, in one process.
    """

    def __init__(self, rows: pa.Table, schema: Schema, params: Mapping[str, Any], *, alone: bool) -> None:
        self._rows, self._classes = rows, len(schema.classes)
        adds = params.get("boosting", "gbdt") == "gbdt" and not params.get("linear_tree")
        self._wanted = alone and adds and bool(rows.num_rows) and schema.problem != "ranking"
        #: None where they are others, or the fit went on after the iteration up to which the booster counts.
        self.told: Told | None = None

    @property
    def wish(self) -> dict[str, Any]:
        """What a fit is asked for with it."""
        return {"look": self._look} if self._wanted else {}

    def _look(self, booster: Any) -> None:
        if booster.best_iteration not in (0, -1, booster.current_iteration()):
            return
        basic, size = load_lightgbm().basic, ctypes.c_int64(0)
        basic._safe_call(basic._LIB.LGBM_BoosterGetNumPredict(booster._handle, _HOLDOUT, ctypes.byref(size)))
        found = np.empty(size.value)
        place = found.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
        basic._safe_call(basic._LIB.LGBM_BoosterGetPredict(booster._handle, _HOLDOUT, ctypes.byref(size), place))
        wide = self._classes > 2
        self.told = Told(self._rows, np.ascontiguousarray(found.reshape(self._classes, -1).T) if wide else found)
