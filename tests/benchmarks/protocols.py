"""The same single rows by the service's own JSON, by the Open Inference Protocol and in a form of MLflow, in turn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

import numpy as np

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Target, faults_of, run_load
from tests.benchmarks.model import FEATURES, NAME, rows
from tests.benchmarks.subjects import estimate_target, settle
from tests.benchmarks.turns import Turn, take_turn

CONNECTIONS: Final = 64
#: Least rate of the others beside the service's own.
LEAST: Final = 0.9
OWN: Final = "estimate, JSON"
#: What has to keep up with that.
KEEPING_UP: Final = ("infer, JSON", "infer, binary FP64", "infer, binary FP32")


def measure(bench: Bench) -> Section:
    """Load the service with each, as often as there are rounds, forwards and backwards in turn."""
    targets = _targets(bench)
    for target in targets.values():
        run_load(target, connections=CONNECTIONS, seconds=1)
    settle()
    found: dict[str, list[Turn]] = {name: [] for name in targets}
    for _ in range(bench.options.rounds):
        for name in (*targets, *reversed(list(targets))):
            seconds = bench.options.seconds
            found[name].append(take_turn(bench.service, targets[name], connections=CONNECTIONS, seconds=seconds))
    rates = {name: [turn.load.rate for turn in turns] for name, turns in found.items()}
    costs = {name: [sum(turn.processor_ms.values()) for turn in turns] for name, turns in found.items()}
    over = {name: (ratio(rates[name], rates[OWN]), ratio(costs[name], costs[OWN])) for name in found}
    faults = [fault for name, turns in found.items() for turn in turns for fault in faults_of(turn.load, what=name)]
    faults += [f"{name}: {over[name][0]:.2f} of the rate of {OWN}" for name in KEEPING_UP if over[name][0] < LEAST]
    return Section(
        title=f"Single rows by other protocols, {CONNECTIONS} connections",
        header=["request", "requests/s", "of the rate of estimate", "processor ms a request", "of that of estimate"],
        rows=[
            [
                name,
                show(float(np.median(rates[name]))),
                f"{over[name][0]:.2f}",
                show(float(np.median(costs[name]))),
                f"{over[name][1]:.2f}",
            ]
            for name in found
        ],
        figures={name: {"rates": rates[name], "processor_ms": costs[name]} for name in found},
        faults=faults,
    )


def _targets(bench: Bench) -> Mapping[str, Target]:
    own = estimate_target(bench.service)
    headers = {"Authorization": own.headers["Authorization"]}
    row = rows(1)[0]
    infer = f"{bench.service.url}/v2/models/{NAME}/infer"
    tensor = {"name": "rows", "shape": [1, FEATURES], "datatype": "FP64", "data": row.tolist()}
    invocation = json.dumps({"instances": [row.tolist()]}).encode()
    return {
        OWN: own,
        "infer, JSON": Target(url=infer, headers=headers, body=json.dumps({"inputs": [tensor]}).encode()),
        "infer, binary FP64": _binary(infer, headers, row),
        "infer, binary FP32": _binary(infer, headers, row.astype(np.float32)),
        "invocations, instances": Target(
            url=f"{bench.service.url}/v1/models/{NAME}/invocations",
            headers={**headers, "Content-Type": "application/json"},
            body=invocation,
        ),
    }


def _binary(url: str, headers: Mapping[str, str], row: np.ndarray[tuple[int, ...], np.dtype[np.floating]]) -> Target:
    datatype = f"FP{8 * row.itemsize}"
    parameters = {"binary_data_size": row.nbytes}
    tensor = {"name": "rows", "shape": [1, FEATURES], "datatype": datatype, "parameters": parameters}
    head = json.dumps({"inputs": [tensor], "parameters": {"binary_data_output": True}}).encode()
    size = {"Inference-Header-Content-Length": str(len(head))}
    return Target(url=url, headers={**headers, **size}, body=head + row.tobytes())
