"""An estimator whose predictions take time and no processor, as those of a machine of their own would."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress

#: How long a row takes (seconds).
ROW_SECONDS: Final = 0.005
#: With what a service finds it.
ENVIRONMENT: Final = {
    "MLSERVICE_ESTIMATORS": "napping=tests.benchmarks.napping:Napping",
    "PYTHONPATH": str(Path(__file__).parents[2]),
}


class Napping(Estimator[int]):
    """Predicts the double of the first column."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Any params are taken."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> int:
        progress(1, 1, {})
        return 2

    def predict(self, model: int, table: pa.Table) -> pa.Table:
        time.sleep(ROW_SECONDS * table.num_rows)
        return pa.table({"prediction": table.column(0).to_numpy() * model})

    def dump(self, model: int) -> bytes:
        return str(model).encode()

    def load(self, data: bytes) -> int:
        return int(data)
