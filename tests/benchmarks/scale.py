"""`python -m tests.benchmarks.scale`: the rate of 1, 2, 4 and 8 estimate processes, and what each group asks of Redis.

The model sleeps 5 ms a row, so that processes are as many machines as there are of them, whatever this one has. Ends
with 1 if the most processes have less than 6 times the rate of one, or an answer was wrong.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

from tests.benchmarks.load import Load, Target, faults_of, run_load
from tests.benchmarks.napping import ENVIRONMENT, ROW_SECONDS
from tests.benchmarks.subjects import settle
from tests.benchmarks.tally import groups_since
from tests.service import JSON, Service

MODEL: Final = "napping"
PROCESSES: Final = (1, 2, 4, 8)
#: How many times the rate of one process the most have at least.
LEAST: Final = 6.0
#: Callers that wait for their results, a process.
CONNECTIONS: Final = 32
#: After the first estimate the gateways get to know of the workers (seconds).
KNOWN_SECONDS: Final = 6.0


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one number of processes did."""

    processes: int
    load: Load
    items: float
    commands: float
    redis_us: float

    def row(self, one: Load) -> str:
        """A line of the table."""
        share = self.load.rate * ROW_SECONDS / self.processes
        return (
            f"| {self.processes} | {self.load.rate:,.0f} | {self.load.rate / one.rate:.2f} | {share:.0%} |"
            f" {self.load.p50_ms:.0f} | {self.items:.1f} | {self.commands:.1f} | {self.redis_us:.0f} |"
        )


def measure(processes: int, *, seconds: int) -> Seen:
    """Load a service of so many estimate processes."""
    with (
        Service(env={**ENVIRONMENT, "MLSERVICE_ESTIMATE_PROCESSES": str(processes)}) as service,
        service.master() as client,
    ):
        rows = [{"x": x, "y": 2 * x} for x in range(50)]
        service.init(MODEL, {"rows": rows}, target="y", estimator="napping").raise_for_status()
        service.train(MODEL).raise_for_status()
        target = _target(service)
        time.sleep(KNOWN_SECONDS)
        run_load(target, connections=CONNECTIONS * processes, seconds=1)
        settle()
        before, since = _used(client), time.time()
        load = run_load(target, connections=CONNECTIONS * processes, seconds=seconds)
        after = _used(client)
        with redis.Redis.from_url(service.redis_url) as ledger:
            groups = groups_since(ledger, since)
    return Seen(
        processes=processes,
        load=load,
        items=sum(group.items for group in groups) / len(groups),
        commands=(after["commands"] - before["commands"]) / len(groups),
        redis_us=(after["seconds"] - before["seconds"]) * 1e6 / len(groups),
    )


def _target(service: Service) -> Target:
    headers = {"Content-Type": JSON, "Authorization": f"Bearer {service.token()}", "Prefer": "wait=30"}
    url = f"{service.url}/v1/models/{MODEL}/estimate"
    return Target(url=url, headers=headers, body=b'{"rows": [{"x": 3}]}')


def _used(client: redis.Redis) -> dict[str, float]:
    stats: Any = client.info("stats")
    cpu: Any = client.info("cpu")
    return {
        "commands": float(stats["total_commands_processed"]),
        "seconds": float(cpu["used_cpu_user"]) + float(cpu["used_cpu_sys"]),
    }


def main(arguments: Sequence[str]) -> int:
    """Measure and print. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale")
    parser.add_argument("--seconds", type=int, default=10, help="length of one load (default 10)")
    options = parser.parse_args(arguments)
    print(
        "| processes | estimates/s | times one | busy | p50 ms | items a group | commands a group | Redis µs a group |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    seen: list[Seen] = []
    for processes in PROCESSES:
        seen.append(measure(processes, seconds=options.seconds))
        print(seen[-1].row(seen[0].load), flush=True)
    faults = [fault for one in seen for fault in faults_of(one.load, what=f"{one.processes} processes")]
    times = seen[-1].load.rate / seen[0].load.rate
    if times < LEAST:
        faults.append(f"{PROCESSES[-1]} processes have {times:.2f} times the rate of one, and not {LEAST:g}")
    for fault in faults:
        print(f"fault: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
