"""What it costs to be watched: the service with Flower running and the scrapes of Prometheus, beside itself without
counters, events, access log, Flower and scrapes.

Two services of one build differ by more than what is measured, so it is the same processes in both cases: what watches
goes off and on while they run. A round loads them in the order watched, unwatched, unwatched, watched, so that what
changes with time hits both alike; its ratio is that of the sums. The processor time of a request is shown as well.
"""

from __future__ import annotations

import math
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from typing import Any, Final

import httpx
import redis

from tasks.ledger import work_counts
from tasks.ledger.counts import TOKENS_ISSUED
from tasks.redis_keys import COUNTS_KEY, WORK_COUNTS_KEY
from tests.benchmarks import model
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, show
from tests.benchmarks.load import Unusable, faults_of, run_load, started_load
from tests.benchmarks.options import Options
from tests.benchmarks.subjects import check, estimate_target, service_subject
from tests.benchmarks.turns import Turn, take_turn
from tests.benchmarks.watch_switch import Switch, switched_service
from tests.beside import beside
from tests.service import Service

CONNECTIONS: Final = (1, 64)
#: How often the metrics are read while the watched service is loaded: as in monitoring/prometheus (seconds).
SCRAPE_SECONDS: Final = 15.0
#: How long it is looked whether a service sends events, and how long a line may be on its way to the access log
#: (seconds).
LOOK_SECONDS: Final = 2
LOG_SECONDS: Final = 6.0
#: The order within a round: whether the service is watched.
ORDER: Final = (True, False, False, True)
#: The turns of both cases, in their order; those of a round follow each other.
Turns = dict[str, list[Turn]]


def measure(bench: Bench) -> Section:
    """Both in turn. Raises Unusable if the service answers wrongly, or is not watched, or is, where it should not."""
    rounds = {connections: Turns(watched=[], unwatched=[]) for connections in CONNECTIONS}
    with switched_service() as (service, switch):
        service.wait_for_flower()
        model.learn(service)
        check(service_subject(service), bench.booster)
        run_load(estimate_target(service), connections=max(CONNECTIONS), seconds=LOOK_SECONDS)
        _check(service, switch)
        scraper = Scraper(service)
        for _ in range(bench.options.rounds):
            for connections, found in rounds.items():
                _round(bench.options, service, switch, scraper, connections, found)
    return Section(
        title=f"Cost of being watched: Flower, events, counters, access log, scrapes every {SCRAPE_SECONDS:.0f} s",
        header=[
            "connections",
            "requests/s: watched, unwatched",
            "watched / unwatched: median of the rounds, mean",
            "standard error of the mean, lowest and highest",
            "processor ms a request: watched, unwatched",
            "watched / unwatched: mean, standard error",
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


def _round(
    options: Options, service: Service, switch: Switch, scraper: Scraper, connections: int, found: Turns
) -> None:
    for watched in ORDER:
        with scraper.at_work() if watched else switch.off():
            one = take_turn(service, estimate_target(service), connections=connections, seconds=options.seconds)
        found["watched" if watched else "unwatched"].append(one)


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


def _check(service: Service, switch: Switch) -> None:
    """Raise Unusable unless the service leaves every trace that is looked for, and switched off none."""
    for name, state, wanted in (("watched", nullcontext(), True), ("unwatched", switch.off(), False)):
        with state:
            for trace, found in _traces(service).items():
                if bool(found) is not wanted:
                    raise Unusable(f"the {name} service has {found} {trace}")


def _traces(service: Service) -> dict[str, int]:
    """How much of each a load leaves: fields of counters, messages with events, bytes in the access log."""
    logged = _logged(service)
    with service.master() as client, client.pubsub() as events:
        before = _counted(client)
        events.psubscribe("*celeryev*")
        with started_load(estimate_target(service), connections=1):
            until, messages = time.monotonic() + LOOK_SECONDS, 0
            while time.monotonic() < until:
                message: Any = events.get_message(timeout=0.1)
                messages += message is not None and message["type"] == "pmessage"
        after = _counted(client)
    time.sleep(LOG_SECONDS)
    return {
        "counters that grow": len(after.items() - before.items()),
        "messages with events": messages,
        "bytes in the access log": _logged(service) - logged,
    }


def _logged(service: Service) -> int:
    return sum(log.stat().st_size for log in service.home.logs.glob("nginx.log*"))


def _counted(client: redis.Redis) -> dict[Any, int]:
    """The counters that a load changes; its own token is not what is measured."""
    named: Any = client.hgetall(COUNTS_KEY)
    kept: Any = client.get(WORK_COUNTS_KEY)
    named.pop(TOKENS_ISSUED.encode(), None)
    return {**named, **work_counts.read(kept)}


def _row(connections: int, found: Turns) -> list[str]:
    rates, used = _ratios(found, of=_rate), _ratios(found, of=_used)
    flower = statistics.median(turn.processor_ms.get("flower", 0.0) for turn in found["watched"])
    return [
        str(connections),
        _medians(found, of=_rate),
        f"{statistics.median(rates):.3f} · {statistics.mean(rates):.3f}",
        f"{_error(rates):.3f}, {min(rates):.3f}, {max(rates):.3f}",
        _medians(found, of=_used),
        f"{statistics.mean(used):.3f}, {_error(used):.3f}",
        show(flower),
    ]


def _figures(connections: int, found: Turns) -> dict[str, Any]:
    rates, used = _ratios(found, of=_rate), _ratios(found, of=_used)
    return {
        "connections": connections,
        "watched_over_unwatched": statistics.mean(rates),
        "median_of_rounds": statistics.median(rates),
        "standard_error": _error(rates),
        "of_rounds": rates,
        "processor_time": statistics.mean(used),
        "processor_time_standard_error": _error(used),
        "turns": {name: [asdict(turn) for turn in turns] for name, turns in found.items()},
    }


def _rate(turn: Turn) -> float:
    return turn.load.rate


def _used(turn: Turn) -> float:
    return sum(turn.processor_ms.values())


def _medians(found: Turns, *, of: Callable[[Turn], float]) -> str:
    return " · ".join(show(statistics.median(map(of, found[name]))) for name in ("watched", "unwatched"))


def _error(ratios: list[float]) -> float:
    """How far their mean may be from the truth, by one standard deviation; NaN for a single round."""
    return statistics.stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else math.nan


def _ratios(found: Turns, *, of: Callable[[Turn], float]) -> list[float]:
    """Of each round."""
    many = ORDER.count(True)
    sums = {
        name: [sum(map(of, turns[at : at + many])) for at in range(0, len(turns), many)]
        for name, turns in found.items()
    }
    return [
        ours / theirs if theirs else math.inf for ours, theirs in zip(sums["watched"], sums["unwatched"], strict=True)
    ]
