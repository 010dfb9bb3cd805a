"""An estimator whose params are of every kind that a form has a field for."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress

#: What it is called, and where it lies.
OFFER: Final = "fielded=tests.fielded:Fielded"


class Fielded(Estimator[float]):
    """Predicts the rate, whatever a row says."""

    needs_rows = False
    columns = {"x": "number"}

    class Params(msgspec.Struct):
        """Params of every kind.

        rounds: how often it looks
        rate: what it predicts
        pace: how it goes about it
        gentle: whether it is careful
        remark: what is to be kept with it
        """

        rounds: Annotated[int, msgspec.Meta(ge=1, le=9)] = 3
        rate: float | None = None
        pace: Literal["slow", "fast"] = "slow"
        gentle: bool = False
        remark: str = ""

    class Options(msgspec.Struct):
        """Options of every init.

        scale: by what the rate is multiplied
        """

        scale: float = 1.0

    def fit(self, dataset: Dataset, params: Params, progress: Progress) -> float:
        scale: float = dataset.options.scale
        return scale * (params.rate or 0.0)

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": [model] * table.num_rows})

    def dump(self, model: float) -> bytes:
        return msgspec.json.encode(model)

    def load(self, data: bytes) -> Any:
        return msgspec.json.decode(data, type=float)
