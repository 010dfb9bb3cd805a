"""Bad estimators. Each is good until an estimate worker loads its model, or a param says `"when": "fit"`."""

from __future__ import annotations

import ctypes
import resource
import time
from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress

#: How much more address space than it has the hungry one may take.
LIMIT_BYTES: Final = 512 * 2**20
BITE_BYTES: Final = 32 * 2**20


class Bad(Estimator[bool]):
    """The model says whether it does harm."""

    @abstractmethod
    def harm(self) -> None:
        """Do it."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Any params are taken."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> bool:
        if params.get("when") == "fit":
            self.harm()
        time.sleep(params.get("seconds", 0))
        progress(1, 1, {})
        return False

    def predict(self, model: bool, table: pa.Table) -> pa.Table:
        if model:
            self.harm()
        return pa.table({"prediction": np.zeros(table.num_rows)})

    def dump(self, model: bool) -> bytes:
        # No two are stored under one hash.
        return str(time.time_ns()).encode()

    def load(self, data: bytes) -> bool:
        return True


class Patient(Bad):
    """Does no harm; its fit takes `seconds` and says nothing before it has ended."""

    def harm(self) -> None:
        return


class Segfault(Bad):
    """Reads where nothing is."""

    def harm(self) -> None:
        ctypes.string_at(0)


class Endless(Bad):
    """Waits for what never comes."""

    def harm(self) -> None:
        while True:
            time.sleep(0.05)


class Deaf(Bad):
    """Waits, and lets nothing disturb it."""

    def harm(self) -> None:
        while True:
            try:
                time.sleep(0.05)
            except Exception:
                continue


class Hungry(Bad):
    """Takes memory until the system gives no more."""

    def harm(self) -> None:
        before = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (_address_space() + LIMIT_BYTES, before[1]))
        eaten = []
        try:
            while True:
                eaten.append(np.ones(BITE_BYTES, dtype=np.uint8))
        finally:
            eaten.clear()
            resource.setrlimit(resource.RLIMIT_AS, before)


def _address_space() -> int:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - no time to lose
        return int(file.read().split()[0]) * resource.getpagesize()
