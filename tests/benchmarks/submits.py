"""Submits alone: 202, durable, nobody waits. Then the queue is drained, and the ledger says how all of it ended."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from dataclasses import asdict
from typing import Any, Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Load, Unusable, faults_of, run_load
from tests.benchmarks.subjects import ask, estimate_target, settle
from tests.benchmarks.tally import drain, groups_since

CONNECTIONS: Final = 64
#: Longest time in which the queue must be empty (seconds).
DRAIN_SECONDS: Final = 300.0


def measure(bench: Bench) -> Section:
    """A waiting load and a submitting one in turn. Raises Unusable if a submit is not answered with 202."""
    answer = ask(estimate_target(bench.service, wait=False))
    if answer.status != 202:
        raise Unusable(f"a submit is answered {answer.status} {answer.body[:200]!r} instead of 202")
    waits, submits, ends = [], [], []
    faults: list[str] = []
    for _ in range(bench.options.rounds):
        waits.append(_load(bench, wait=True, faults=faults))
        # What wrk asked for at last may be accepted after it has hung up.
        settle()
        drain(bench.client, seconds=DRAIN_SECONDS)
        since = time.time()
        submits.append(_load(bench, wait=False, faults=faults))
        ends.append(_end(bench, submits[-1], since=since, faults=faults))
    rates = [load.rate for load in submits]
    over = ratio(rates, [load.rate for load in waits])
    medians = {name: statistics.median(end[name] for end in ends) for name in ("drain_seconds", "ended_per_second")}
    figures = {"rate": statistics.median(rates), "over_waiting": over, **medians}
    rounds = [{**asdict(load), **end} for load, end in zip(submits, ends, strict=True)]
    return Section(
        title=f"Submits alone (202), {CONNECTIONS} connections",
        header=[
            "submits/s",
            "submits / waiting",
            "accepted",
            "succeeded",
            "seconds to drain",
            "ended/s",
        ],
        rows=[
            [
                show(figures["rate"]),
                f"{over:.2f}",
                f"{sum(end['accepted'] for end in ends):,}",
                f"{sum(end['states'].get('succeeded', 0) for end in ends):,}",
                show(figures["drain_seconds"]),
                show(figures["ended_per_second"]),
            ]
        ],
        figures={**figures, "rounds": rounds, "waiting": [asdict(load) for load in waits]},
        faults=faults,
    )


def _load(bench: Bench, *, wait: bool, faults: list[str]) -> Load:
    target = estimate_target(bench.service, wait=wait)
    load = run_load(target, connections=CONNECTIONS, seconds=bench.options.seconds)
    faults += faults_of(load, what="waiting" if wait else "submits")
    return load


def _end(bench: Bench, load: Load, *, since: float, faults: list[str]) -> dict[str, Any]:
    """How the submitted work ended."""
    settle()
    drain(bench.client, seconds=DRAIN_SECONDS)
    groups = groups_since(bench.client, since)
    accepted = sum(group.items for group in groups)
    states = sum((group.states for group in groups), Counter[str]())
    # What was accepted while wrk hung up has no answer that wrk counted.
    if not load.requests <= accepted <= load.requests + CONNECTIONS:
        faults.append(f"submits: {load.requests} answers with 202, {accepted} accepted in the ledger")
    if states != {"succeeded": accepted}:
        faults.append(f"submits: {accepted} accepted, and they ended as {dict(states)}")
    last = max(group.finished_at or 0.0 for group in groups)
    return {
        "accepted": accepted,
        "states": dict(states),
        "groups": len(groups),
        "drain_seconds": max(0.0, last - groups[-1].submitted_at),
        "ended_per_second": accepted / (last - groups[0].submitted_at),
    }
