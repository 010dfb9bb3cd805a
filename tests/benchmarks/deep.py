"""100,000 queued single-row estimates: rates of submits and of answers as against 100, and the gateway's memory.

The estimate worker stands still until the queue is that deep; then it empties it. Rates are taken from the ledger's
own times: submits at about 100 and at about 100,000 queued, answers with so many and with the last ones left.
"""

from __future__ import annotations

import statistics
import time
from collections import Counter
from itertools import accumulate
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, show
from tests.benchmarks.load import Load, faults_of, run_load, started_load
from tests.benchmarks.subjects import estimate_target, service_memory, settle
from tests.benchmarks.tally import GroupRecord, drain, groups_since, items_after, rate_between

DEPTH: Final = 100_000
#: Items that are left out until a rate is steady, and items over which it is taken.
SHALLOW: Final = 100
WINDOW: Final = 5_000
#: More than elsewhere: while no group comes back, a request waits a while for company before it is accepted.
CONNECTIONS: Final = 256
PATIENCE_SECONDS: Final = 600.0
MIB: Final = 1024 * 1024

#: (seconds since the epoch, items) of each group.
Moments = list[tuple[float, int]]


def measure(bench: Bench) -> Section:
    """Fill and empty the queue. First a load without a queue, so that the gateway has the memory that a load takes."""
    target = estimate_target(bench.service, wait=False)
    faults = faults_of(run_load(target, connections=CONNECTIONS, seconds=bench.options.seconds), what="warming up")
    settle()
    drain(bench.client, seconds=PATIENCE_SECONDS)
    since = time.time()
    memory = {"before": _gateway(bench)}
    with bench.service.halted("worker-estimate"):
        load = _fill(bench, since)
        settle()
        memory[f"{DEPTH:,} queued"] = _gateway(bench)
    drain(bench.client, seconds=PATIENCE_SECONDS)
    memory["drained"] = _gateway(bench)
    groups = groups_since(bench.client, since)
    rates = _rates(groups)
    rows = [
        [what, show(found["shallow"]), show(found["deep"]), f"{found['deep'] / found['shallow']:.2f}"]
        for what, found in rates.items()
    ]
    held = " / ".join(f"{size:.1f} ({moment})" for moment, size in memory.items())
    return Section(
        title=f"{DEPTH:,} queued estimates (gateway's memory, MiB: {held})",
        header=["", f"{SHALLOW} queued", f"{DEPTH:,} queued", "ratio"],
        rows=rows,
        figures={"rates": rates, "by_tenth": _by_tenth(groups), "gateway_mib": memory},
        faults=[*faults, *_faults(load, groups)],
    )


def _fill(bench: Bench, since: float) -> Load:
    """Submit until so many are accepted."""
    with started_load(estimate_target(bench.service, wait=False), connections=CONNECTIONS) as load:
        accepted, latest = 0, since
        deadline = time.monotonic() + PATIENCE_SECONDS
        while accepted < DEPTH and time.monotonic() < deadline:
            time.sleep(0.5)
            more, latest = items_after(bench.client, latest)
            accepted += more
        load.stop()
        return load.result()


def _gateway(bench: Bench) -> float:
    return service_memory(bench.service)["gateway"] / MIB


def _rates(groups: list[GroupRecord]) -> dict[str, dict[str, float]]:
    total, submitted, ended = _moments(groups)
    first, last = (SHALLOW, SHALLOW + WINDOW), (total - WINDOW, total)
    return {
        "submits/s": {"shallow": rate_between(submitted, *first), "deep": rate_between(submitted, *last)},
        "answers/s": {"shallow": rate_between(ended, *last), "deep": rate_between(ended, *first)},
    }


def _by_tenth(groups: list[GroupRecord]) -> dict[str, list[float]]:
    """The rates of each tenth of the work, so that a trend can be told from chance."""
    total, submitted, ended = _moments(groups)
    tenths = [(total * tenth // 10, total * (tenth + 1) // 10) for tenth in range(10)]
    return {
        "submits/s": [rate_between(submitted, *tenth) for tenth in tenths],
        "answers/s": [rate_between(ended, *tenth) for tenth in tenths],
        "items in a group": [_mean_items(submitted, *tenth) for tenth in tenths],
    }


def _mean_items(submitted: Moments, first: int, last: int) -> float:
    """The mean size of the groups from the `first` to the `last` item; a worker is faster with larger ones."""
    counts = accumulate(items for _, items in submitted)
    sizes = [items for (_, items), count in zip(submitted, counts, strict=True) if first < count <= last]
    return statistics.fmean(sizes)


def _moments(groups: list[GroupRecord]) -> tuple[int, Moments, Moments]:
    """How many items there are, and when each group of them was accepted and when it ended."""
    submitted = [(group.submitted_at, group.items) for group in groups]
    ended = [(group.finished_at or 0.0, group.items) for group in groups]
    return sum(group.items for group in groups), submitted, ended


def _faults(load: Load, groups: list[GroupRecord]) -> list[str]:
    faults = faults_of(load, what="submits to a deep queue")
    total = sum(group.items for group in groups)
    states = sum((group.states for group in groups), Counter[str]())
    if total < DEPTH:
        faults.append(f"a deep queue: only {total} estimates were accepted")
    if states != {"succeeded": total}:
        faults.append(f"a deep queue: {total} accepted, and they ended as {dict(states)}")
    return faults
