"""Memory (PSS) of the whole service and of the yardsticks, after each has had a load."""

from __future__ import annotations

from typing import Final

from tests.benchmarks.bench import Bench
from tests.benchmarks.figures import Section, show
from tests.benchmarks.load import faults_of, run_load
from tests.benchmarks.subjects import settle

CONNECTIONS: Final = 64
MIB: Final = 1024 * 1024


def measure(bench: Bench) -> Section:
    """One load each, then what its processes hold."""
    faults: list[str] = []
    found: dict[str, dict[str, float]] = {}
    for subject in bench.subjects:
        load = run_load(subject.target(), connections=CONNECTIONS, seconds=bench.options.seconds)
        faults += faults_of(load, what=f"{subject.name} before its memory was read")
        settle()
        found[subject.name] = {name: size / MIB for name, size in subject.memory().items()}
    return Section(
        title="Memory after load (PSS, MiB)",
        header=["", "total", "of which"],
        rows=[[name, show(sum(parts.values())), _parts(parts)] for name, parts in found.items()],
        figures={name: {"total_mib": sum(parts.values()), "programs_mib": parts} for name, parts in found.items()},
        faults=faults,
    )


def _parts(parts: dict[str, float]) -> str:
    return ", ".join(f"{name} {size:.0f}" for name, size in sorted(parts.items(), key=lambda item: -item[1]))
