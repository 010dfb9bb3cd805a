"""`python -m tests.benchmarks`: the service beside what one would have without it, in one run, as ratios.

Ends with 1 if an answer was wrong, refused or missing, with 2 if something that it needs is not there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Final

import redis

from tests.benchmarks import (
    against,
    answers,
    bulk,
    deep,
    idle,
    latency,
    live,
    memory,
    model,
    protocols,
    report,
    submits,
    watching,
)
from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section
from tests.benchmarks.load import Unusable, wrk_version
from tests.benchmarks.options import Options, parse
from tests.benchmarks.subjects import service_subject, started_yardsticks
from tests.service import Service
from tests.slow import ENVIRONMENT as SLOW_ENVIRONMENT

Part = Callable[[Bench], Section]
#: The parts that are measured before anything else runs, of services of their own; those that run if none is named.
FIRST: Final[dict[str, Callable[[Options], Section]]] = {"idle": idle.measure, "against": against.measure}
USUAL: Final = ("idle",)
#: The parts that set the service beside the yardsticks. These run only for them, and not while the others are measured.
COMPARED: Final[dict[str, Part]] = {"answers": answers.measure, "memory": memory.measure}
#: The parts of the service alone.
ALONE: Final[dict[str, Part]] = {
    "submits": submits.measure,
    "bulk": bulk.measure,
    "latency": latency.measure,
    "live": live.measure,
}
#: What runs only if it is asked for.
FURTHER: Final[dict[str, Part]] = {
    "deep": deep.measure,
    "protocols": protocols.measure,
    "watching": watching.measure,
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write. Returns the exit status."""
    options = parse(arguments, usual=[*USUAL, *COMPARED, *ALONE], further=["against", *FURTHER])
    sections: dict[str, Section] = {}
    try:
        wrk_version()
        run(options, sections)
    except Unusable as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 2
    finally:
        # Also what was measured before the run was stopped.
        if sections:
            report.write(options, sections)
            print(f"written to {options.out}/")
    faults = [fault for section in sections.values() for fault in section.faults]
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if faults else 0


def run(options: Options, sections: dict[str, Section]) -> None:
    """Measure the chosen parts; their sections are added, and printed, as they come. Raises Unusable."""
    for name in FIRST:
        if name in options.parts:
            sections[name] = _measured(name, partial(FIRST[name], options))
    if set(options.parts) <= set(FIRST):
        return
    with started(options) as bench:
        compared = [name for name in options.parts if name in COMPARED]
        if compared:
            with started_yardsticks(bench.booster) as yardsticks:
                beside = replace(bench, subjects=[*bench.subjects, *yardsticks])
                for name in compared:
                    sections[name] = _measured(name, partial(COMPARED[name], beside))
        for name, part in (ALONE | FURTHER).items():
            if name in options.parts:
                sections[name] = _measured(name, partial(part, bench))


@contextmanager
def started(options: Options) -> Iterator[Bench]:
    """The running service with its model."""
    print("starting the service and training the model ...", flush=True)
    # As many threads as `mlservice up` takes; tests take one.
    with (
        Service(env={**SLOW_ENVIRONMENT, "MLSERVICE_TRAIN_THREADS": "0"}) as service,
        redis.Redis.from_url(service.redis_url) as client,
    ):
        booster = model.learn(service)
        subjects = [service_subject(service)]
        yield Bench(options=options, service=service, client=client, booster=booster, subjects=subjects)


def _measured(name: str, part: Callable[[], Section]) -> Section:
    print(f"measuring {name} ...", flush=True)
    section = part()
    print(f"\n{report.table(section)}\n", flush=True)
    return section


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
