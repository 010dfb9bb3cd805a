"""How fast `/health/live` answers while the service is busy: what a load balancer sees."""

from __future__ import annotations

import time
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.caller import Caller
from tests.benchmarks.figures import Section, percentile, show
from tests.benchmarks.load import faults_of, started_load
from tests.benchmarks.subjects import estimate_target

CONNECTIONS: Final = 64
#: Time between two questions (seconds).
PAUSE_SECONDS: Final = 0.01


def measure(bench: Bench) -> Section:
    """Ask on an idle service, then under a waiting load."""
    seconds = bench.options.seconds
    idle, unwell = _ask(bench, seconds=seconds)
    target = estimate_target(bench.service)
    with started_load(target, connections=CONNECTIONS, seconds=seconds + 1) as load:
        # The load is on when the first question is asked, and still on at the last.
        time.sleep(0.5)
        busy, unwell_busy = _ask(bench, seconds=seconds)
        found = load.result()
    faults = faults_of(found, what="the load beside /health/live")
    if unwell or unwell_busy:
        faults.append(f"/health/live: {unwell + unwell_busy} answers were not 200")
    places = {"idle": idle, f"{CONNECTIONS} connections": busy}
    return Section(
        title="`/health/live`, milliseconds to the answer",
        header=["service", "p50", "p99", "longest", "questions"],
        rows=[[name, *map(show, _summary(took).values()), str(len(took))] for name, took in places.items()],
        figures={name: {**_summary(took), "questions": len(took)} for name, took in places.items()},
        faults=faults,
    )


def _ask(bench: Bench, *, seconds: float) -> tuple[list[float], int]:
    """Milliseconds of each answer, and how many were not 200."""
    took, unwell = [], 0
    deadline = time.monotonic() + seconds
    with Caller(bench.service.url) as caller:
        while time.monotonic() < deadline:
            start = time.perf_counter()
            unwell += caller.ask("GET", "/health/live", headers={}).status != 200
            took.append((time.perf_counter() - start) * 1000)
            time.sleep(PAUSE_SECONDS)
    return took, unwell


def _summary(took: list[float]) -> dict[str, Any]:
    return {"p50": percentile(took, 50), "p99": percentile(took, 99), "longest": max(took)}
