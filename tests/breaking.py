"""An estimator that breaks its word where it is told to."""

from __future__ import annotations

import pickle
from typing import Any, Final, Literal

import msgspec
import numpy as np
import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress

#: What it is called, and where it lies.
OFFER: Final = "breaking=tests.breaking:Breaking"
#: A row of this has no answer.
NO_ANSWER: Final = -1.0


class Breaking(Estimator[str]):
    """Predicts the first column."""

    class Params(msgspec.Struct):
        """fault: what goes wrong."""

        fault: Literal["", "raises", "pickles"] = ""

    def fit(self, dataset: Dataset, params: Params, progress: Progress) -> str:
        if params.fault == "raises":
            raise ValueError("no such thing\nand a second line")
        return params.fault

    def predict(self, model: str, table: pa.Table) -> pa.Table:
        values = table.column(0).to_numpy()
        return pa.table({"prediction": np.where(values == NO_ANSWER, np.nan, values)})

    def dump(self, model: str) -> bytes:
        return pickle.dumps(model) if model == "pickles" else model.encode()

    def load(self, data: bytes) -> Any:
        return data.decode()
