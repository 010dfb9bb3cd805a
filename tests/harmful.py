"""An estimator that does what the first column of a row says, for tests of what a worker survives."""

from __future__ import annotations

import mmap
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress

#: What a row may ask for in its first column; anything else is a number.
SEGFAULT: Final = -1
ENDLESS: Final = -2
DEAF: Final = -3
HUNGRY: Final = -4
NAP: Final = -5
GREEDY: Final = -6
#: How much memory is taken that the kernel does not count as data (bytes), and how much of other at a time.
GREEDY_BYTES: Final = 480 * 2**20
BITE_BYTES: Final = 2**25
#: How long a nap takes (seconds).
NAP_SECONDS: Final = 4.0
#: The environment in which a worker finds it.
SETTING: Final = {
    "MLSERVICE_ESTIMATORS": "harmful=tests.harmful:Harmful",
    "PYTHONPATH": str(Path(__file__).parent.parent),
}


class Harmful(Estimator[int]):
    """Predicts the first column times `factor`, which is 2 if it is not given.

    A fit takes `seconds`, and until the file that it `awaits` is there. It writes its process's id to the file `log`,
    and reports progress unless it is `quiet`. The option `naps` of an init is how long that takes (seconds), the option
    `deaf` that nothing but its process's end ends it before.
    """

    def prepare(self, table: pa.Table, options: Mapping[str, Any]) -> Dataset:
        own = {name: value for name, value in options.items() if name not in ("naps", "deaf")}
        until = time.monotonic() + options.get("naps", 0)
        while time.monotonic() < until:
            try:
                time.sleep(0.05)
            except Exception:
                if not options.get("deaf"):
                    raise
        return super().prepare(table, own)

    def check(self, params: Mapping[str, Any]) -> None:
        """Any params are taken."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> int:
        if "log" in params:
            with Path(params["log"]).open("a") as log:
                log.write(f"{os.getpid()}\n")
        until = time.monotonic() + params.get("seconds", 0)
        awaited = Path(params["awaits"]) if "awaits" in params else None
        while time.monotonic() < until or (awaited and not awaited.exists()):
            time.sleep(0.05)
            if not params.get("quiet"):
                progress(1, 2, {})
        return int(params.get("factor", 2))

    def predict(self, model: int, table: pa.Table) -> pa.Table:
        values = table.column(0).to_numpy()
        for value in values:
            _obey(int(value))
        return pa.table({"prediction": values * float(model)})

    def dump(self, model: int) -> bytes:
        return str(model).encode()

    def load(self, data: bytes) -> int:
        return int(data)


def _obey(value: int) -> None:
    if value == SEGFAULT:
        os.kill(os.getpid(), signal.SIGSEGV)
    if value == NAP:
        time.sleep(NAP_SECONDS)
    if value == HUNGRY:
        eaten = []
        while True:
            eaten.append(np.empty(BITE_BYTES, dtype=np.uint8))
    if value == GREEDY:
        with mmap.mmap(-1, GREEDY_BYTES, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS | mmap.MAP_POPULATE):
            time.sleep(NAP_SECONDS)
    while value == ENDLESS:
        time.sleep(0.05)
    while value == DEAF:
        try:
            time.sleep(0.05)
        except Exception:
            continue
