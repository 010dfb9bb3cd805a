"""An estimator that takes its time, for tests."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress

#: How long one prediction takes, however many rows it has (seconds).
SECONDS: Final = 0.2
#: How long an iteration takes of a fit that has several, if its params have no `step`.
STEP_SECONDS: Final = 0.1
#: Longest wait for a gate (seconds).
GATE_SECONDS: Final = 60.0
#: With what a service finds it.
ENVIRONMENT: Final = {
    "MLSERVICE_ESTIMATORS": "slow=tests.slow:Slow",
    "PYTHONPATH": str(Path(__file__).parent.parent),
}


class Slow(Estimator[int]):
    """Predicts the double of the first column. A fit has `iterations`, each of which takes `step` seconds; it writes
    a line to the file `log` when one begins. Before the second one it waits until the file `gate` is there."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Any params are taken."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> int:
        total = params.get("iterations", 1)
        for iteration in range(1, total + 1):
            if "log" in params:
                with Path(params["log"]).open("a") as log:
                    log.write(f"{iteration}\n")
            if iteration == 2 and "gate" in params:
                wait_for(Path(params["gate"]))
            time.sleep(params.get("step", STEP_SECONDS) if total > 1 else 0)
            progress(iteration, total, losses(iteration))
        return 2

    def predict(self, model: int, table: pa.Table) -> pa.Table:
        time.sleep(SECONDS)
        return pa.table({"prediction": table.column(0).to_numpy() * model})

    def dump(self, model: int) -> bytes:
        return str(model).encode()

    def load(self, data: bytes) -> int:
        return int(data)


def wait_for(gate: Path) -> None:
    """Return when the file is there, or after GATE_SECONDS."""
    until = time.monotonic() + GATE_SECONDS
    while not gate.exists() and time.monotonic() < until:
        time.sleep(0.01)


def losses(iteration: int) -> dict[str, dict[str, float]]:
    """What a fit tells of an iteration."""
    return {"train": {"loss": 1 / iteration}, "holdout": {"loss": 2 / iteration}}
