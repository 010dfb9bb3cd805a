"""What it costs to be watched: the service as it is, with Flower running and a scrape every few seconds, beside one
without counters, events, access log and Flower, which logs errors alone.

Each round loads both twice, in the order watched, unwatched, unwatched, watched, so that what changes with time hits
both alike; its ratio is that of the sums. While the unwatched one is loaded, the Flower of the other stands still.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx

from tasks.contract import COUNTS_KEY
from tasks.counts import TOKENS_ISSUED
from tests.benchmarks import model
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Load, Target, Unusable, faults_of, run_load, started_load
from tests.benchmarks.subjects import check, estimate_target, service_subject, settle
from tests.service import Service

CONNECTIONS: Final = (1, 64)
#: How often the metrics are read while the watched service is loaded (seconds).
SCRAPE_SECONDS: Final = 5.0
#: How long it is looked whether a service sends events, and how long a line may be on its way to the access log
#: (seconds).
LOOK_SECONDS: Final = 2
LOG_SECONDS: Final = 6.0
#: What the unwatched service is started with.
UNWATCHED: Final = {
    "PYTHONPATH": str(Path(__file__).with_name("unwatched")),
    "MLSERVICE_LOG_LEVEL": "error",
    "MLSERVICE_TRAIN_THREADS": "0",
}
#: The order within a round: whether the watched service has its turn.
ORDER: Final = (True, False, False, True)


def measure(bench: Bench) -> Section:
    """Both in turn. Raises Unusable if one of them answers wrongly, or is not watched, or is, where it should not."""
    with Service(env=UNWATCHED) as unwatched:
        model.learn(unwatched)
        bench.service.wait_for_flower()
        for service in (bench.service, unwatched):
            check(service_subject(service), bench.booster)
            run_load(estimate_target(service), connections=max(CONNECTIONS), seconds=LOOK_SECONDS)
        _check_watched(bench.service, unwatched)
        rounds = {connections: _rounds(bench, unwatched, connections) for connections in CONNECTIONS}
    return Section(
        title=f"What it costs to be watched: Flower, events, counters, logs, a scrape every {SCRAPE_SECONDS:.0f} s",
        header=["connections", "requests/s: watched, unwatched", "watched / unwatched", "of the rounds"],
        rows=[_row(connections, found) for connections, found in rounds.items()],
        figures=[_figures(connections, found) for connections, found in rounds.items()],
        faults=[
            fault
            for connections, found in rounds.items()
            for name, loads in found.items()
            for load in loads
            for fault in faults_of(load, what=f"{name} at {connections} connections")
        ],
    )


def _rounds(bench: Bench, unwatched: Service, connections: int) -> dict[str, list[Load]]:
    """The loads of each service, in their order; those of a round follow each other."""
    found: dict[str, list[Load]] = {"watched": [], "unwatched": []}
    for _ in range(bench.options.rounds):
        for watched in ORDER:
            service = bench.service if watched else unwatched
            with _scraped(service) if watched else bench.service.halted("flower"):
                load = run_load(estimate_target(service), connections=connections, seconds=bench.options.seconds)
            found["watched" if watched else "unwatched"].append(load)
            settle()
    return found


@contextmanager
def _scraped(service: Service) -> Iterator[None]:
    """Somebody reads the metrics inside, at once and again and again. Raises Unusable if they cannot be read."""
    over, statuses = threading.Event(), list[int]()

    def read() -> None:
        headers = {"Authorization": service.http.headers["Authorization"]}
        while True:
            statuses.append(httpx.get(f"{service.url}/metrics", headers=headers).status_code)
            if over.wait(SCRAPE_SECONDS):
                return

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if set(statuses) != {200}:
        raise Unusable(f"the metrics are answered {statuses}")


def _check_watched(watched: Service, unwatched: Service) -> None:
    """Raise Unusable unless one service leaves every trace that is looked for, and the other none."""
    for service, name, wanted in ((watched, "watched", True), (unwatched, "unwatched", False)):
        target = estimate_target(service)
        for trace, found in _traces(service, target).items():
            if bool(found) is not wanted:
                raise Unusable(f"the {name} service has {found} {trace}")


def _traces(service: Service, target: Target) -> dict[str, int]:
    """How much of each a load leaves: fields of counters, messages with events, bytes in the access log."""
    with service.master() as client, client.pubsub() as events:
        before: Any = client.hgetall(COUNTS_KEY)
        events.psubscribe("*celeryev*")
        with started_load(target, connections=1):
            until, messages = time.monotonic() + LOOK_SECONDS, 0
            while time.monotonic() < until:
                message: Any = events.get_message(timeout=0.1)
                messages += message is not None and message["type"] == "pmessage"
        after: Any = client.hgetall(COUNTS_KEY)
    time.sleep(LOG_SECONDS)
    logs = service.home.logs.glob("nginx.log*")
    return {
        # The load's own token is not what is measured.
        "counters that grow": sum(
            after[field] != before.get(field) for field in after.keys() - {TOKENS_ISSUED.encode()}
        ),
        "messages with events": messages,
        "bytes in the access log": sum(log.stat().st_size for log in logs),
    }


def _row(connections: int, found: dict[str, list[Load]]) -> list[str]:
    rates = [show(statistics.median(load.rate for load in found[name])) for name in ("watched", "unwatched")]
    ratios = _ratios(found)
    return [
        str(connections),
        " · ".join(rates),
        f"{statistics.median(ratios):.3f}",
        ", ".join(f"{r:.3f}" for r in ratios),
    ]


def _figures(connections: int, found: dict[str, list[Load]]) -> dict[str, Any]:
    loads = {name: [asdict(load) for load in loads] for name, loads in found.items()}
    return {"connections": connections, "watched_over_unwatched": statistics.median(_ratios(found)), "loads": loads}


def _ratios(found: dict[str, list[Load]]) -> list[float]:
    """Of each round."""
    turns = ORDER.count(True)
    sums = {
        name: [sum(load.rate for load in loads[at : at + turns]) for at in range(0, len(loads), turns)]
        for name, loads in found.items()
    }
    return [ratio([a], [b]) for a, b in zip(sums["watched"], sums["unwatched"], strict=True)]
