"""How long a prediction takes, and how much memory the process that serves has."""

from __future__ import annotations

import resource
import statistics
import sys
import time
from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from tasks.conformance.remarks import Remark, figure
from tasks.conformance.trial import Trial

#: One row is asked for so often, in so much time at most (seconds).
TIMES: Final = 50
MOST_SECONDS: Final = 0.5
#: Rows of the batch that is measured.
BATCH: Final = 1000
MIB: Final = 1024 * 1024


def speed(trial: Trial) -> Iterator[Remark]:
    """The median time of one row, and the time a row in a batch."""
    row, taken = trial.rows.slice(0, 1), list[float]()
    while len(taken) < TIMES and sum(taken) < MOST_SECONDS:
        taken.append(_seconds(trial, row))
    batch = pa.concat_tables([trial.rows] * -(-BATCH // trial.rows.num_rows)).slice(0, BATCH)
    whole = _seconds(trial, batch)
    yield figure(
        f"one row {lasting(statistics.median(taken))}; {batch.num_rows} rows {lasting(whole)},"
        f" {lasting(whole / batch.num_rows)} a row"
    )
    # Kilobytes on Linux, bytes on macOS.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    yield figure(f"the process that serves had {peak // MIB} MiB at most")


def lasting(seconds: float) -> str:
    """How long something took that may be very short."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e6:.3g} µs"


def _seconds(trial: Trial, rows: pa.Table) -> float:
    start = time.perf_counter()
    trial.ask(rows)
    return time.perf_counter() - start
