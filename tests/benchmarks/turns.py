"""One load of one service, with the processor time that it cost: what services are compared by, turn by turn."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.load import Load, Target, run_load
from tests.benchmarks.processor import processor_seconds
from tests.benchmarks.subjects import settle
from tests.service import Service


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One load of one service."""

    load: Load
    #: Milliseconds of processor time a request, by program.
    processor_ms: dict[str, float]


def take_turn(service: Service, target: Target, *, connections: int, seconds: int) -> Turn:
    """Load it. Raises Unusable if wrk cannot run."""
    before = processor_seconds(service)
    load = run_load(target, connections=connections, seconds=seconds)
    # Events and lines of the log follow what they tell of.
    settle()
    after = processor_seconds(service)
    # A process that ends meanwhile, as one of the train worker that has nothing to do, takes its seconds along.
    used = {name: max(0.0, after[name] - before.get(name, 0.0)) for name in after}
    requests = max(load.requests, 1)
    return Turn(load=load, processor_ms={name: 1000 * seconds / requests for name, seconds in used.items()})
