"""What the service holds (PSS) and uses while nobody speaks to it. Nothing else of this checkout may run meanwhile:
what the files of its programs take is shared with whatever has the same files open."""

from __future__ import annotations

import time
from typing import Final

from tests.benchmarks.figures import Section, show
from tests.benchmarks.options import Options
from tests.benchmarks.processor import processor_seconds
from tests.benchmarks.subjects import service_memory
from tests.service import IDLE_BYTES, Service

#: When memory is read (seconds after `mlservice up` has said that it is ready).
READ_SECONDS: Final = (5, 60)
#: How long the processor's time is counted, after that (seconds).
USE_SECONDS: Final = 60
MIB: Final = 1024 * 1024


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
        used = _used(service)
    totals = [sum(found.values()) for found in sizes]
    names = sorted(sizes[-1], key=lambda name: -sizes[-1][name])
    return Section(
        title="Idle: memory (PSS, MiB) after so many seconds, and processor time (ms a second)",
        header=["", *(f"{seconds} s" for seconds in READ_SECONDS), "processor"],
        rows=[
            ["total", *(show(total / MIB) for total in totals), show(sum(used.values()))],
            *([name, *(show(found.get(name, 0) / MIB) for found in sizes), show(used[name])] for name in names),
        ],
        figures={
            "memory_mib": {
                seconds: {"total": sum(found.values()) / MIB, **{name: size / MIB for name, size in found.items()}}
                for seconds, found in zip(READ_SECONDS, sizes, strict=True)
            },
            "processor_ms_a_second": {"total": sum(used.values()), **used},
        },
        faults=[
            f"the idle service holds {total / MIB:.0f} MiB after {seconds} s, and may hold {IDLE_BYTES / MIB:.0f}"
            for seconds, total in zip(READ_SECONDS, totals, strict=True)
            if total > IDLE_BYTES
        ],
    )


def _used(service: Service) -> dict[str, float]:
    before, begun = processor_seconds(service), time.monotonic()
    time.sleep(USE_SECONDS)
    after, seconds = processor_seconds(service), time.monotonic() - begun
    return {name: (after[name] - before.get(name, 0.0)) / seconds * 1000 for name in after}
