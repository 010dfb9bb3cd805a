"""What the service holds (PSS) and uses while nobody speaks to it. Nothing else of this checkout may run meanwhile:
what the files of its programs take is shared with whatever has the same files open."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Final

from infra.host.process_tree import processes
from monitoring.memory import children
from tests.benchmarks.figures import Section, show
from tests.benchmarks.options import Options
from tests.benchmarks.processor import processor_seconds
from tests.benchmarks.subjects import service_memory
from tests.service import IDLE_BYTES, Service

#: When memory is read (seconds after `mlservice up` has said that it is ready).
READ_SECONDS: Final = (5, 60)
#: How long the processor's time and what goes to the disk are counted, after that (seconds).
USE_SECONDS: Final = 60
MIB: Final = 1024 * 1024
KIB: Final = 1024
#: What an idle service may use of the processor (ms a second), which is a hundredth of a core, and write (bytes a
#: minute).
USED_MILLISECONDS: Final = 10.0
WRITTEN_BYTES: Final = 100 * KIB


class Untouched(Service):
    """A service that nobody speaks to."""

    def token(self) -> str:
        """None: to make one takes memory."""
        return ""


def measure(_: Options) -> Section:
    """Start a service, read its memory twice, then its processor time. Takes two minutes."""
    with Untouched() as service:
        ready = time.monotonic()
        sizes: list[dict[str, int]] = []
        for seconds in READ_SECONDS:
            time.sleep(max(0.0, ready + seconds - time.monotonic()))
            sizes.append(service_memory(service))
        written = _written(service)
        used = _used(service)
        written = _written(service) - written
    totals = [sum(found.values()) for found in sizes]
    names = sorted(sizes[-1], key=lambda name: -sizes[-1][name])
    return Section(
        title="Idle: memory (PSS, MiB) after so many seconds, and processor time (ms a second);"
        f" {written / KIB:.0f} KiB written to the disk in a minute",
        header=["", *(f"{seconds} s" for seconds in READ_SECONDS), "processor"],
        rows=[
            ["total", *(show(total / MIB) for total in totals), show(sum(used.values()))],
            *(
                [name, *(show(found.get(name, 0) / MIB) for found in sizes), show(used.get(name, 0.0))]
                for name in names
            ),
        ],
        figures={
            "memory_mib": {
                seconds: {"total": sum(found.values()) / MIB, **{name: size / MIB for name, size in found.items()}}
                for seconds, found in zip(READ_SECONDS, sizes, strict=True)
            },
            "processor_ms_a_second": {"total": sum(used.values()), **used},
            "written_bytes_a_minute": written,
        },
        faults=[
            f"the idle service holds {total / MIB:.0f} MiB after {seconds} s, and may hold {IDLE_BYTES / MIB:.0f}"
            for seconds, total in zip(READ_SECONDS, totals, strict=True)
            if total > IDLE_BYTES
        ]
        + _wasted(sum(used.values()), written),
    )


def _wasted(used: float, written: int) -> list[str]:
    faults = []
    if used > USED_MILLISECONDS:
        faults.append(f"the idle service uses {used:.1f} ms of the processor a second, and may {USED_MILLISECONDS:g}")
    if written > WRITTEN_BYTES:
        faults.append(f"the idle service writes {written / KIB:.0f} KiB a minute, and may {WRITTEN_BYTES / KIB:g}")
    return faults


def _written(service: Service) -> int:
    """What its processes have written to the disk until now (bytes, as the kernel counts them)."""
    parents = {process.pid: process.parent for process in processes()}
    return sum(map(_written_by, children(parents, service.home.service().pid)))


def _written_by(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/io").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("write_bytes:"))


def _used(service: Service) -> dict[str, float]:
    before, begun = processor_seconds(service), time.monotonic()
    time.sleep(USE_SECONDS)
    after, seconds = processor_seconds(service), time.monotonic() - begun
    return {name: (after[name] - before.get(name, 0.0)) / seconds * 1000 for name in after}
