"""A device that is not there is refused in one sentence, whatever its driver does to the process that asks."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidParams
from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.lightgbm_device import fault_of, tried


@pytest.mark.parametrize(("name", "kind"), [("device_type", "gpu"), ("device", "cuda")])
def test_a_device_is_used_where_it_is_and_refused_elsewhere(name: str, kind: str) -> None:
    reason = fault_of(kind)
    if reason:
        with pytest.raises(
            InvalidParams, match=f"^{name} '{kind}' cannot be used by this worker: [^\n]*; leave it out$"
        ) as caught:
            LightGBM().check({name: kind})
        assert reason in str(caught.value)
        assert caught.value.pointer == f"/params/{name}"
        return
    x = np.arange(400.0)
    estimator = LightGBM()
    ready = estimator.prepare(pa.table({"x": x, "z": x % 7, "y": 2 * x}), {"target": "y"})
    estimator.check({name: kind})
    model = estimator.load(estimator.dump(estimator.fit(ready, {name: kind, "n_estimators": 20}, lambda *_: None)))
    found = np.asarray(estimator.predict(model, ready.tested)["prediction"])
    assert np.corrcoef(found, np.asarray(ready.tested["y"]))[0, 1] > 0.9


def test_it_is_asked_once() -> None:
    fault_of("cuda")
    before = fault_of.cache_info().misses
    assert fault_of("cuda") == fault_of("cuda")
    assert fault_of.cache_info().misses == before


def test_the_processor_needs_no_asking() -> None:
    LightGBM().check({"device_type": "cpu"})
    with pytest.raises(InvalidParams, match="device_type must be one of 'cpu', 'gpu', 'cuda'"):
        LightGBM().check({"device_type": "tpu"})


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("", ""),
        ("print('no such driver'); raise SystemExit(1)", "no such driver"),
        ("raise SystemExit(1)", "the process of a trial ended with 1"),
        ("import os; print('so far'); os.abort()", "the process of a trial ended with -6"),
        ("import time; time.sleep(60)", "a trial did not end within 0.5 s"),
    ],
)
def test_what_a_trial_says(code: str, said: str) -> None:
    how: dict[str, Any] = {"seconds": 0.5} if "sleep" in code else {}
    assert tried([sys.executable, "-S", "-c", code], **how) == said
