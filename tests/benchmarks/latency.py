"""From acceptance to start, by lane: on an idle service, and past a queue that is kept full of low-lane work."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from tasks.client import Client
from tasks.contract import GROUP_ITEMS, Kind, Lane
from tasks.ledger.groups import Group, Head, new_group_id
from tests.benchmarks.bench import Bench
from tests.benchmarks.caller import Caller
from tests.benchmarks.figures import Section, percentile, show
from tests.benchmarks.load import Unusable
from tests.benchmarks.model import NAME
from tests.benchmarks.subjects import ESTIMATE, estimate_target, row_body
from tests.benchmarks.tally import drain, pending

#: Estimates of each lane.
PROBES: Final = 50
#: Groups of low-lane work in the queue: never fewer, and so many when it is filled again.
LEAST_GROUPS: Final = 200
FILLED_GROUPS: Final = 1000
DRAIN_SECONDS: Final = 300.0

#: Lane to milliseconds from acceptance to start.
Delays = dict[Lane, list[float]]


def measure(bench: Bench) -> Section:
    """One estimate after the other, the lanes in turn. Raises Unusable if one does not succeed."""
    ledger = Client(bench.service.redis_url, owner="bench")
    drain(bench.client, seconds=DRAIN_SECONDS)
    idle = _delays(bench, ledger, lanes=list(Lane), before=lambda: None)
    full = _delays(bench, ledger, lanes=[Lane.HIGH, Lane.NORMAL], before=lambda: _keep_full(bench, ledger))
    left = pending(bench.client)
    drain(bench.client, seconds=DRAIN_SECONDS)
    places = [("idle", lane, idle[lane]) for lane in idle] + [("low lane full", lane, full[lane]) for lane in full]
    return Section(
        title=f"Milliseconds from acceptance to start, {PROBES} estimates each",
        header=["service", "lane", "p50", "p99", "longest"],
        rows=[[place, lane, *map(show, _summary(found).values())] for place, lane, found in places],
        figures={f"{place}, {lane}": {**_summary(found), "milliseconds": found} for place, lane, found in places},
        faults=[] if left else ["the low lane was empty before the last estimate had started"],
    )


def _delays(bench: Bench, client: Client, *, lanes: Sequence[Lane], before: Callable[[], None]) -> Delays:
    target = estimate_target(bench.service)
    handles: dict[Lane, list[str]] = {lane: [] for lane in lanes}
    with Caller(target.url) as caller:
        for _ in range(PROBES):
            for lane in lanes:
                before()
                answer = caller.ask("POST", f"{ESTIMATE}?lane={lane}", headers=target.headers, body=target.body)
                if answer.status != 200:
                    raise Unusable(f"an estimate in lane {lane} is answered {answer.status} {answer.body[:200]!r}")
                handles[lane].append(answer.headers["location"].rpartition("/")[2])
    return {lane: [_delay(client, handle) for handle in found] for lane, found in handles.items()}


def _delay(client: Client, handle: str) -> float:
    task = client.handle(handle).task()
    assert task.started_at is not None, f"{handle} has ended and never started"
    return (task.started_at - task.submitted_at) * 1000


def _keep_full(bench: Bench, client: Client) -> None:
    missing = FILLED_GROUPS if pending(bench.client) < LEAST_GROUPS else 0
    size = GROUP_ITEMS[Lane.LOW]
    heads, bodies = [Head(owner="bench", model=NAME)] * size, [row_body()] * size
    for _ in range(missing):
        client.ledger.accept(Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.LOW, heads=heads, bodies=bodies))


def _summary(delays: Sequence[float]) -> dict[str, Any]:
    return {"p50": percentile(delays, 50), "p99": percentile(delays, 99), "longest": max(delays)}
