"""Whether LightGBM can fit on a device of this machine. A process of its own tries it, which may die of a driver."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

from tasks.errors import InvalidParams
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_params import CPU
from tasks.tables.checks import json_pointer, listed

#: What LightGBM may be built for.
KINDS: Final = (CPU, "gpu", "cuda")
#: How long the trial may take (seconds): OpenCL compiles its kernels when it is first used.
TRIAL_SECONDS: Final = 120.0
#: What that process runs, with the paths of this one.
_TRIAL: Final = "import sys; sys.path[:] = {path!r}; from {module} import main; sys.exit(main())"
#: Rows of the trial.
_ROWS: Final = 200


def check_device(name: str, kind: Any) -> None:
    """Raise InvalidParams for a device on which this machine cannot fit, with the reason; it is asked once a process.
    `name`: what the param was called."""
    if kind not in KINDS:
        raise _fault(name, f"{name} must be one of {listed(KINDS)}")
    if kind != CPU and (reason := fault_of(kind)):
        raise _fault(name, f"{name} {kind!r} cannot be used by this worker: {reason}; leave it out")


@cache
def fault_of(kind: str) -> str:
    """Why this machine cannot fit on a device of that kind; empty if it can."""
    return tried([sys.executable, "-c", _TRIAL.format(path=sys.path, module=__name__), kind])


def tried(command: Sequence[str], *, seconds: float = TRIAL_SECONDS) -> str:
    """What the trial says: the last line that it writes, or how its process ended; empty if it went well."""
    try:
        done = subprocess.run(
            command, timeout=seconds, check=False, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, errors="replace",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"a trial did not end within {seconds:g} s"
    if not done.returncode:
        return ""
    said = done.stdout.strip().splitlines()
    return said[-1][:200] if done.returncode == 1 and said else f"the process of a trial ended with {done.returncode}"


def main() -> int:
    """Fit a few rows on a device of the kind that is named. Returns 0; or 1, after the reason is written."""
    import numpy as np

    lgb = load_lightgbm()
    rows = np.arange(float(_ROWS)).reshape(-1, 1)
    params = {"device_type": sys.argv[1], "objective": "regression", "verbosity": -1, "num_threads": 1}
    try:
        lgb.train(params, lgb.Dataset(rows, rows[:, 0], params=params), num_boost_round=2)
    except lgb.basic.LightGBMError as error:
        print("\n" + str(error).partition("\n")[0].rstrip("."))
        return 1
    return 0


def _fault(name: str, reason: str) -> InvalidParams:
    return InvalidParams(reason).at(json_pointer("params", name))
