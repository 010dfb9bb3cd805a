"""The working tree beside another revision of it: both services at once, loaded in turn.

Each round loads both twice, in the order this, that, that, this, so that what changes with time hits both alike.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from typing import Any, Final

import redis

from tests.benchmarks import model
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Target, faults_of, run_load
from tests.benchmarks.options import Options
from tests.benchmarks.revisions import built
from tests.benchmarks.subjects import check, estimate_target, service_memory, service_subject, settle
from tests.benchmarks.tally import drain
from tests.benchmarks.turns import Turn, take_turn
from tests.service import Service

#: Of the load that only submits.
SUBMIT_CONNECTIONS: Final = 64
#: What both are asked before it counts: connections, seconds.
WARM_UP: Final = (16, 2)
#: Longest time in which the queue must be empty after submits (seconds).
DRAIN_SECONDS: Final = 300.0
#: The order within a round.
ORDER: Final = ("this", "that", "that", "this")
#: As many threads as `mlservice up` takes; tests take one.
ENVIRONMENT: Final = {"MLSERVICE_TRAIN_THREADS": "0"}
MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """A load that both are given."""

    name: str
    connections: int
    wait: bool

    def target(self, service: Service) -> Target:
        return estimate_target(service, wait=self.wait)


#: The turns of each service, in their order.
Turns = Mapping[str, Sequence[Turn]]


def measure(options: Options) -> Section:
    """Build the revision, start both, and load them in turn. Raises Unusable if it cannot be built or answers
    wrongly."""
    with ExitStack() as stack:
        mlservice = stack.enter_context(built(options.against))
        services = {
            "this": stack.enter_context(Service(env=ENVIRONMENT)),
            "that": stack.enter_context(Service(env=ENVIRONMENT, mlservice=mlservice)),
        }
        idle = {name: sum(service_memory(service).values()) / MIB for name, service in services.items()}
        for service in services.values():
            booster = model.learn(service)
            check(service_subject(service), booster)
            run_load(estimate_target(service), connections=WARM_UP[0], seconds=WARM_UP[1])
            settle()
        found = {kind: _rounds(options, services, kind) for kind in _kinds(options)}
        loaded = {name: sum(service_memory(service).values()) / MIB for name, service in services.items()}
    memory = {"started": idle, "after load": loaded}
    return Section(
        title=f"The working tree beside {options.against}",
        header=["load", "requests/s: this, that", "this / that", "p50 / that's", "processor ms a request", "/ that's"],
        rows=[
            *(_row(kind, turns) for kind, turns in found.items()),
            *(_memory_row(when, of) for when, of in memory.items()),
        ],
        figures={"loads": [_figures(kind, turns) for kind, turns in found.items()], "memory_mib": memory},
        faults=[
            fault
            for kind, turns in found.items()
            for name, those in turns.items()
            for turn in those
            for fault in faults_of(turn.load, what=f"{name} revision, {kind.name}")
        ],
    )


def _kinds(options: Options) -> list[_Kind]:
    waiting = [_Kind(name=f"{count} waiting", connections=count, wait=True) for count in options.connections]
    return [*waiting, _Kind(name="submits alone", connections=SUBMIT_CONNECTIONS, wait=False)]


def _rounds(options: Options, services: Mapping[str, Service], kind: _Kind) -> dict[str, list[Turn]]:
    found: dict[str, list[Turn]] = {name: [] for name in services}
    for _ in range(options.rounds):
        for name in ORDER:
            service = services[name]
            turn = take_turn(service, kind.target(service), connections=kind.connections, seconds=options.seconds)
            found[name].append(turn)
            if not kind.wait:
                with redis.Redis.from_url(service.redis_url) as client:
                    drain(client, seconds=DRAIN_SECONDS)
    return found


def _rate(turn: Turn) -> float:
    return turn.load.rate


def _p50(turn: Turn) -> float:
    return turn.load.p50_ms


def _processor(turn: Turn) -> float:
    return sum(turn.processor_ms.values())


def _over(turns: Turns, what: Callable[[Turn], float]) -> float:
    return ratio([what(turn) for turn in turns["this"]], [what(turn) for turn in turns["that"]])


def _medians(turns: Turns, what: Callable[[Turn], float]) -> dict[str, float]:
    return {name: statistics.median(map(what, those)) for name, those in turns.items()}


def _row(kind: _Kind, turns: Turns) -> list[str]:
    def both(what: Callable[[Turn], float]) -> str:
        medians = _medians(turns, what)
        return f"{show(medians['this'])} · {show(medians['that'])}"

    over = [f"{_over(turns, what):.2f}" for what in (_rate, _p50, _processor)]
    return [kind.name, both(_rate), over[0], over[1], both(_processor), over[2]]


def _memory_row(when: str, mib: Mapping[str, float]) -> list[str]:
    both, over = f"{show(mib['this'])} · {show(mib['that'])}", f"{mib['this'] / mib['that']:.2f}"
    return [f"memory {when}, MiB", both, over, *[""] * 3]


def _figures(kind: _Kind, turns: Turns) -> dict[str, Any]:
    return {
        "load": kind.name,
        "this_over_that": {
            "rate": _over(turns, _rate),
            "p50": _over(turns, _p50),
            "processor": _over(turns, _processor),
        },
        "processor_ms": {name: _by_program(those) for name, those in turns.items()},
        "turns": {name: [asdict(turn) for turn in those] for name, those in turns.items()},
    }


def _by_program(turns: Sequence[Turn]) -> dict[str, float]:
    programs = {program for turn in turns for program in turn.processor_ms}
    found = {name: statistics.median(turn.processor_ms.get(name, 0.0) for turn in turns) for name in programs}
    return dict(sorted(found.items(), key=lambda item: -item[1]))
