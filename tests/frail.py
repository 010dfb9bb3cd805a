"""An estimator that fails the third time that it predicts in a process: the first two choose and measure, the third is
a report."""

from __future__ import annotations

import os
import signal
from typing import Final

import pyarrow as pa

from tests.harmful import SETTING as HARMFUL
from tests.harmful import Harmful

#: The factor of a model that raises, in place of one that ends its process.
RAISES: Final = 3
#: The environment in which a worker finds it, under the other's name.
SETTING: Final = {**HARMFUL, "MLSERVICE_ESTIMATORS": "harmful=tests.frail:Frail"}


class Frail(Harmful):
    """Predicts twice."""

    def __init__(self, threads: int = 1) -> None:
        super().__init__(threads)
        self._calls = 0

    def predict(self, model: int, table: pa.Table) -> pa.Table:
        self._calls += 1
        if self._calls % 3 == 0:
            if model == RAISES:
                raise RuntimeError("the third time is <too> much")
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict(model, table)
