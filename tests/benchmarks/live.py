"""How fast `/health/live` answers while the service is busy: what a load balancer sees."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.caller import Caller
from tests.benchmarks.figures import Section, percentile, show
from tests.benchmarks.load import Load, Unusable, faults_of, started_load
from tests.benchmarks.model import NAME
from tests.benchmarks.subjects import estimate_target, row_body
from tests.slow import SECONDS

CONNECTIONS: Final = 64
#: Time between two questions (seconds).
PAUSE_SECONDS: Final = 0.01


def measure(bench: Bench) -> Section:
    """Ask on an idle service, then under a waiting load; then under one for a model that takes its time."""
    _learn_slow(bench)
    idle, unwell = _ask(bench, seconds=bench.options.seconds)
    places, faults = {"idle": idle}, []
    for name, model in ((f"{CONNECTIONS} connections", NAME), (f"a group takes {1000 * SECONDS:.0f} ms", "slow")):
        places[name], unwell_busy, found = _asked_under_load(bench, model)
        unwell += unwell_busy
        faults += faults_of(found, what=f"the load beside /health/live: {name}")
    if unwell:
        faults.append(f"/health/live: {unwell} answers were not 200")
    return Section(
        title="`/health/live`, milliseconds to the answer",
        header=["service", "p50", "p99", "longest", "questions"],
        rows=[[name, *map(show, _summary(took).values()), str(len(took))] for name, took in places.items()],
        figures={name: {**_summary(took), "questions": len(took)} for name, took in places.items()},
        faults=faults,
    )


def _learn_slow(bench: Bench) -> None:
    """Make the model whose groups take SECONDS each. Raises Unusable."""
    body = {"rows": [{"x": x, "y": 2 * x} for x in range(1, 51)]}
    for answer in (
        bench.service.init("slow", body, target="y", estimator="slow"),
        bench.service.train("slow"),
    ):
        if answer.status_code != 200:
            raise Unusable(f"the slow model could not be made: {answer.text}")


def _asked_under_load(bench: Bench, model: str) -> tuple[list[float], int, Load]:
    seconds = bench.options.seconds
    body = row_body() if model == NAME else b'{"rows":[[1]]}'
    target = replace(estimate_target(bench.service, model=model), body=body)
    with started_load(target, connections=CONNECTIONS, seconds=seconds + 1) as load:
        # The load is on when the first question is asked, and still on at the last.
        time.sleep(0.5)
        took, unwell = _ask(bench, seconds=seconds)
        return took, unwell, load.result()


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
