"""Single rows in JSON, each connection waiting for its prediction: requests a second and latency.

In each round every subject has its turn at each number of connections, one after the other, so that what the machine
does besides hits all alike. Ratios are taken within a round; what is shown is the median over the rounds.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Load, faults_of, run_load
from tests.benchmarks.subjects import WAIT_SECONDS, check, settle

#: What the services are asked before it counts: connections, seconds.
WARM_UP: Final = (16, 2)

#: The loads of one subject at one number of connections, a round each.
Loads = Mapping[tuple[str, int], Sequence[Load]]
#: What is looked at in a load.
Figure = Callable[[Load], float]


def measure(bench: Bench) -> Section:
    """Compare the subjects. Raises Unusable if one of them answers wrongly before the load."""
    for subject in bench.subjects:
        check(subject, bench.booster)
        run_load(subject.target(), connections=WARM_UP[0], seconds=WARM_UP[1])
        settle()
    loads: dict[tuple[str, int], list[Load]] = {}
    for _ in range(bench.options.rounds):
        for connections in bench.options.connections:
            for subject in bench.subjects:
                found = run_load(subject.target(), connections=connections, seconds=bench.options.seconds)
                loads.setdefault((subject.name, connections), []).append(found)
                settle()
    names = [subject.name for subject in bench.subjects]
    return Section(
        title="Single rows, waiting for the prediction",
        header=_header(names),
        rows=[_row(loads, names, connections) for connections in bench.options.connections],
        figures=[_figures(loads, names, connections) for connections in bench.options.connections],
        faults=_faults(loads),
    )


def _header(names: list[str]) -> list[str]:
    shown = ", ".join(names)
    over = [f"{names[0]} / {name}" for name in names[1:]]
    return ["connections", f"requests/s: {shown}", *over, f"p50 ms: {shown}", *over, f"p99 ms: {shown}"]


def _row(loads: Loads, names: list[str], connections: int) -> list[str]:
    def medians(what: Figure) -> str:
        return " · ".join(show(_median(loads[name, connections], what)) for name in names)

    def ratios(what: Figure) -> list[str]:
        ours, *others = ([what(load) for load in loads[name, connections]] for name in names)
        return [f"{ratio(ours, theirs):.2f}" for theirs in others]

    return [str(connections), medians(_rate), *ratios(_rate), medians(_p50), *ratios(_p50), medians(_p99)]


def _figures(loads: Loads, names: list[str], connections: int) -> dict[str, object]:
    subjects = {}
    for name in names:
        found = loads[name, connections]
        subjects[name] = {
            "rate": _median(found, _rate),
            "p50_ms": _median(found, _p50),
            "p99_ms": _median(found, _p99),
            "rounds": [asdict(load) for load in found],
        }
    ours, *others = names
    over = {
        name: {
            label: ratio([what(x) for x in loads[ours, connections]], [what(x) for x in loads[name, connections]])
            for label, what in {"rate": _rate, "p50": _p50, "p99": _p99}.items()
        }
        for name in others
    }
    return {"connections": connections, "subjects": subjects, "service_over": over}


def _median(loads: Sequence[Load], what: Figure) -> float:
    return statistics.median(map(what, loads))


def _rate(load: Load) -> float:
    return load.rate


def _p50(load: Load) -> float:
    return load.p50_ms


def _p99(load: Load) -> float:
    return load.p99_ms


def _faults(loads: Loads) -> list[str]:
    faults = []
    for (name, connections), found in loads.items():
        what = f"{name} at {connections} connections"
        for load in found:
            faults += faults_of(load, what=what)
            # When the wait is over, the service answers 202, which wrk takes for a success.
            if load.longest_ms >= WAIT_SECONDS * 1000:
                faults.append(f"{what}: an answer took {load.longest_ms / 1000:.1f} s")
    return faults
