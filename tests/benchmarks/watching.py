"""What it costs to be watched: the service as it is, with Flower running and the scrapes of Prometheus, beside one
without counters, events, access log and Flower, which logs errors alone.

Each round starts both anew and loads them twice, in the order watched, unwatched, unwatched, watched, so that what
changes with time hits both alike; its ratio is that of the sums. While the unwatched one is loaded, the Flower of the
other stands still. The processor time of a request is shown as well, which says where the cost is also on a machine
that is busy otherwise.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import httpx
import redis

from tasks.ledger import work_counts
from tasks.ledger.counts import TOKENS_ISSUED
from tasks.redis_keys import COUNTS_KEY, WORK_COUNTS_KEY
from tests.benchmarks import model
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, show
from tests.benchmarks.load import Target, Unusable, faults_of, run_load, started_load
from tests.benchmarks.options import Options
from tests.benchmarks.subjects import check, estimate_target, service_subject
from tests.benchmarks.turns import Turn, take_turn
from tests.beside import beside
from tests.service import Service

CONNECTIONS: Final = (1, 64)
#: How often the metrics are read while the watched service is loaded: as in monitoring/prometheus (seconds).
SCRAPE_SECONDS: Final = 15.0
#: How long it is looked whether a service sends events, and how long a line may be on its way to the access log
#: (seconds).
LOOK_SECONDS: Final = 2
LOG_SECONDS: Final = 6.0
#: What both services are started with, and the unwatched one.
WATCHED: Final = {
    "PYTHONPATH": str(Path(__file__).with_name("unwatched")),
    "MLSERVICE_TRAIN_THREADS": "0",
    "WATCHED": "1",
}
UNWATCHED: Final = {
    **{name: value for name, value in WATCHED.items() if name != "WATCHED"},
    "MLSERVICE_LOG_LEVEL": "error",
}
#: The order within a round: whether the watched service has its turn.
ORDER: Final = (True, False, False, True)
#: The turns of each service, in their order; those of a round follow each other.
Turns = dict[str, list[Turn]]


def measure(bench: Bench) -> Section:
    """Both in turn. Raises Unusable if one of them answers wrongly, or is not watched, or is, where it should not."""
    rounds = {connections: Turns(watched=[], unwatched=[]) for connections in CONNECTIONS}
    for number in range(bench.options.rounds):
        # Two services of one build may differ by more than what is measured: each round has others.
        with Service(env=WATCHED) as watched, Service(env=UNWATCHED) as unwatched:
            _prepare(bench, watched, unwatched, is_first=not number)
            for connections, found in rounds.items():
                _round(bench.options, watched, unwatched, connections, found)
    return Section(
        title=f"What it costs to be watched: Flower, events, counters, logs, a scrape every {SCRAPE_SECONDS:.0f} s",
        header=[
            "connections",
            "requests/s: watched, unwatched",
            "watched / unwatched: median of the rounds, mean",
            "standard error of the mean, lowest and highest",
            "processor ms a request: watched, unwatched",
            "of which Flower",
        ],
        rows=[_row(connections, found) for connections, found in rounds.items()],
        figures=[_figures(connections, found) for connections, found in rounds.items()],
        faults=[
            fault
            for connections, found in rounds.items()
            for name, turns in found.items()
            for turn in turns
            for fault in faults_of(turn.load, what=f"{name} at {connections} connections")
        ],
    )


def _prepare(bench: Bench, watched: Service, unwatched: Service, *, is_first: bool) -> None:
    watched.wait_for_flower()
    for service in (watched, unwatched):
        model.learn(service)
        check(service_subject(service), bench.booster)
        run_load(estimate_target(service), connections=max(CONNECTIONS), seconds=LOOK_SECONDS)
    if is_first:
        _check_watched(watched, unwatched)


def _round(options: Options, watched: Service, unwatched: Service, connections: int, found: Turns) -> None:
    scraper = Scraper(watched)
    for turn in ORDER:
        service = watched if turn else unwatched
        with scraper.at_work() if turn else watched.halted("flower"):
            one = take_turn(service, estimate_target(service), connections=connections, seconds=options.seconds)
        found["watched" if turn else "unwatched"].append(one)


class Scraper:
    """Somebody who reads the metrics at once, and again and again while it is at work."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._left = 0.0
        self._statuses: list[int] = []

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """It goes on inside where it stopped. Raises Unusable if the metrics cannot be read."""
        with beside(self._read):
            yield
        if set(self._statuses) != {200}:
            raise Unusable(f"the metrics are answered {self._statuses}")

    def _read(self, over: threading.Event) -> None:
        headers = {"Authorization": self._service.http.headers["Authorization"]}
        while True:
            began = time.monotonic()
            if over.wait(self._left):
                self._left -= time.monotonic() - began
                return
            self._statuses.append(httpx.get(f"{self._service.url}/metrics", headers=headers).status_code)
            self._left = SCRAPE_SECONDS


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
        before = _counted(client)
        events.psubscribe("*celeryev*")
        with started_load(target, connections=1):
            until, messages = time.monotonic() + LOOK_SECONDS, 0
            while time.monotonic() < until:
                message: Any = events.get_message(timeout=0.1)
                messages += message is not None and message["type"] == "pmessage"
        after = _counted(client)
    time.sleep(LOG_SECONDS)
    logs = service.home.logs.glob("nginx.log*")
    return {
        "counters that grow": len(after.items() - before.items()),
        "messages with events": messages,
        "bytes in the access log": sum(log.stat().st_size for log in logs),
    }


def _counted(client: redis.Redis) -> dict[Any, int]:
    """The counters that a load changes; its own token is not what is measured."""
    named: Any = client.hgetall(COUNTS_KEY)
    kept: Any = client.get(WORK_COUNTS_KEY)
    named.pop(TOKENS_ISSUED.encode(), None)
    return {**named, **work_counts.read(kept)}


def _row(connections: int, found: Turns) -> list[str]:
    ratios = _ratios(found)
    names = ("watched", "unwatched")
    rates = [show(statistics.median(turn.load.rate for turn in found[name])) for name in names]
    used = [show(statistics.median(sum(turn.processor_ms.values()) for turn in found[name])) for name in names]
    flower = statistics.median(turn.processor_ms.get("flower", 0.0) for turn in found["watched"])
    return [
        str(connections),
        " · ".join(rates),
        f"{statistics.median(ratios):.3f} · {statistics.mean(ratios):.3f}",
        f"{_error(ratios):.3f}, {min(ratios):.3f}, {max(ratios):.3f}",
        " · ".join(used),
        show(flower),
    ]


def _figures(connections: int, found: Turns) -> dict[str, Any]:
    ratios = _ratios(found)
    return {
        "connections": connections,
        "watched_over_unwatched": statistics.mean(ratios),
        "median_of_rounds": statistics.median(ratios),
        "standard_error": _error(ratios),
        "of_rounds": ratios,
        "turns": {name: [asdict(turn) for turn in turns] for name, turns in found.items()},
    }


def _error(ratios: list[float]) -> float:
    """How far their mean may be from the truth, by one standard deviation; NaN for a single round."""
    return statistics.stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else math.nan


def _ratios(found: Turns) -> list[float]:
    """Of each round."""
    many = ORDER.count(True)
    sums = {
        name: [sum(turn.load.rate for turn in turns[at : at + many]) for at in range(0, len(turns), many)]
        for name, turns in found.items()
    }
    return [
        ours / theirs if theirs else math.inf for ours, theirs in zip(sums["watched"], sums["unwatched"], strict=True)
    ]
