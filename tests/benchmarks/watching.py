"""What it costs to be watched: the service with Flower running and the scrapes of Prometheus, beside itself without
counters, events, access log, Flower and scrapes.

Two services of one build differ by more than what is measured, and one service differs from itself from second to
second. So it is the same processes in both cases: what watches goes off and on while they run, every half second, and
each case has clients of its own, which stand still meanwhile. A round takes these in the order watched, unwatched,
unwatched, watched, and so on; its ratio is that of the requests a second. The processor time of a request is measured
in the same way. Logs need no switch but the access log: under load no other one grows.
"""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any, Final, NamedTuple

import redis

from tasks.ledger import work_counts
from tasks.ledger.counts import TOKENS_ISSUED
from tasks.redis_keys import COUNTS_KEY, WORK_COUNTS_KEY
from tests.benchmarks import model
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, show
from tests.benchmarks.load import Load, Target, Unusable, faults_of, run_load, started_load
from tests.benchmarks.processor import ProcessorClocks
from tests.benchmarks.scraper import SCRAPE_SECONDS, Scraper
from tests.benchmarks.subjects import check, service_subject
from tests.benchmarks.watch_switch import Switch, log_bytes, switched_service
from tests.service import Service

CONNECTIONS: Final = (1, 64)
#: How long it is looked whether a service sends events, and how long a line may be on its way to the access log
#: (seconds).
LOOK_SECONDS: Final = 2
LOG_SECONDS: Final = 6.0
#: How long the clients of one case go on before those of the other (seconds). What is put off, as lines of the log, may
#: be done after that.
SLICE_SECONDS: Final = 0.5
#: The order: whether the service is watched.
ORDER: Final = (True, False, False, True)


@dataclass(kw_only=True)
class Case:
    """What the clients of one case did in one round."""

    loads: list[Load] = field(default_factory=list)
    #: How long they went on, and the processor time of the service's programs meanwhile (seconds).
    seconds: float = 0.0
    used: dict[str, float] = field(default_factory=dict)

    def requests(self) -> int:
        """How many were answered; one if none was, which is a fault."""
        return max(sum(load.requests for load in self.loads), 1)

    def rate(self) -> float:
        """Requests a second."""
        return self.requests() / self.seconds

    def processor_ms(self) -> float:
        """Milliseconds a request."""
        return 1000 * sum(self.used.values()) / self.requests()


class Round(NamedTuple):
    """Both cases."""

    watched: Case
    unwatched: Case


def measure(bench: Bench) -> Section:
    """Both in turn. Raises Unusable if the service answers wrongly, or is not watched, or is, where it should not."""
    rounds: dict[int, list[Round]] = {connections: [] for connections in CONNECTIONS}
    with switched_service() as (service, switch):
        model.learn(service)
        check(service_subject(service), bench.booster)
        run_load(switch.target(watched=True), connections=max(CONNECTIONS), seconds=LOOK_SECONDS)
        _check(service, switch)
        scraper = Scraper(service)
        for _ in range(bench.options.rounds):
            for connections, found in rounds.items():
                found.append(_round(service, switch, scraper, connections=connections, seconds=bench.options.seconds))
    return Section(
        title=f"Cost of being watched: Flower, events, counters, access log, scrapes every {SCRAPE_SECONDS:.0f} s",
        header=[
            "connections",
            "requests/s: watched, unwatched",
            "watched / unwatched: median of the rounds, mean",
            "standard error of the mean, lowest and highest",
            "processor ms a request: watched, unwatched",
            "watched / unwatched: mean, standard error",
        ],
        rows=[_row(connections, found) for connections, found in rounds.items()],
        figures=[_figures(connections, found) for connections, found in rounds.items()],
        faults=[
            fault
            for connections, found in rounds.items()
            for one in found
            for name, case in one._asdict().items()
            for load in case.loads
            for fault in faults_of(load, what=f"{name} at {connections} connections")
        ],
    )


def _round(service: Service, switch: Switch, scraper: Scraper, *, connections: int, seconds: int) -> Round:
    """So many seconds of each case."""
    cases = {True: Case(), False: Case()}
    clocks = ProcessorClocks(service)
    with ExitStack() as stack:
        stack.callback(switch.watch, watched=True)
        loads = {
            watched: stack.enter_context(started_load(switch.target(watched=watched), connections=connections))
            for watched in cases
        }
        for load in loads.values():
            load.halt()
        for number in range(2 * math.ceil(seconds / SLICE_SECONDS)):
            watched = ORDER[number % len(ORDER)]
            with _taken(switch, scraper, clocks, cases[watched], watched=watched):
                loads[watched].go_on()
                time.sleep(SLICE_SECONDS)
                loads[watched].halt()
        for watched, load in loads.items():
            # It looks ten times a second whether it is to stop, and goes on meanwhile.
            with _taken(switch, scraper, clocks, cases[watched], watched=watched):
                load.stop()
                load.go_on()
                cases[watched].loads.append(load.result())
    return Round(cases[True], cases[False])


@contextmanager
def _taken(switch: Switch, scraper: Scraper, clocks: ProcessorClocks, case: Case, *, watched: bool) -> Iterator[None]:
    """Count what happens inside for this case."""
    switch.watch(watched=watched)
    with scraper.at_work() if watched else nullcontext():
        used, began = clocks.seconds(), time.monotonic()
        yield
        case.seconds += time.monotonic() - began
        # A process that ends meanwhile, as one of the train worker that has nothing to do, takes its seconds along.
        for name, now in clocks.seconds().items():
            case.used[name] = case.used.get(name, 0.0) + max(0.0, now - used[name])


def _check(service: Service, switch: Switch) -> None:
    """Raise Unusable unless the service leaves every trace that is looked for, and unwatched none."""
    for name, watched in (("watched", True), ("unwatched", False)):
        switch.watch(watched=watched)
        for trace, found in _traces(service, switch.target(watched=watched)).items():
            if bool(found) is not watched:
                raise Unusable(f"the {name} service has {found} {trace}")
    switch.watch(watched=True)


def _traces(service: Service, target: Target) -> dict[str, int]:
    """How much of each a load leaves: fields of counters, messages with events, bytes in the access log."""
    logged = log_bytes(service)
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
    return {
        "counters that grow": len(after.items() - before.items()),
        "messages with events": messages,
        "bytes in the access log": log_bytes(service) - logged,
    }


def _counted(client: redis.Redis) -> dict[Any, int]:
    """The counters that a load changes; its own token is not what is measured."""
    named: Any = client.hgetall(COUNTS_KEY)
    kept: Any = client.get(WORK_COUNTS_KEY)
    named.pop(TOKENS_ISSUED.encode(), None)
    return {**named, **work_counts.read(kept)}


def _row(connections: int, found: list[Round]) -> list[str]:
    rates, used = _ratios(found, of=Case.rate), _ratios(found, of=Case.processor_ms)
    return [
        str(connections),
        _medians(found, of=Case.rate),
        f"{statistics.median(rates):.3f} · {statistics.mean(rates):.3f}",
        f"{_error(rates):.3f}, {min(rates):.3f}, {max(rates):.3f}",
        _medians(found, of=Case.processor_ms),
        f"{statistics.mean(used):.3f}, {_error(used):.3f}",
    ]


def _figures(connections: int, found: list[Round]) -> dict[str, Any]:
    rates, used = _ratios(found, of=Case.rate), _ratios(found, of=Case.processor_ms)
    return {
        "connections": connections,
        "watched_over_unwatched": statistics.mean(rates),
        "median_of_rounds": statistics.median(rates),
        "standard_error": _error(rates),
        "processor_time": statistics.mean(used),
        "processor_time_standard_error": _error(used),
        "rounds": [{name: asdict(case) for name, case in one._asdict().items()} for one in found],
    }


def _medians(found: list[Round], *, of: Callable[[Case], float]) -> str:
    cases = ([one.watched for one in found], [one.unwatched for one in found])
    return " · ".join(show(statistics.median(map(of, case))) for case in cases)


def _ratios(found: list[Round], *, of: Callable[[Case], float]) -> list[float]:
    return [of(one.watched) / of(one.unwatched) for one in found]


def _error(ratios: list[float]) -> float:
    """How far their mean may be from the truth, by one standard deviation; NaN for a single round."""
    return statistics.stdev(ratios) / math.sqrt(len(ratios)) if len(ratios) > 1 else math.nan
