"""Processor time of the service's programs, as the kernel accounts for it. Others on the machine change it little."""

from __future__ import annotations

import time
from typing import Final

from infra.commands.status import program_status
from infra.host.process_tree import processes
from monitoring.memory import children
from tests.service import Service

#: Who starts the others, and so is their parent: of these the process itself counts alone.
PARENTS: Final = ("up", "supervisor")


class ProcessorClocks:
    """Those of the processes that a service has now."""

    def __init__(self, service: Service) -> None:
        parents = {process.pid: process.parent for process in processes()}
        self._pids = {
            name: {status.pid} if name in PARENTS else children(parents, status.pid)
            for name, status in program_status(service.home.service()).items()
            if status.pid
        }

    def seconds(self) -> dict[str, float]:
        """What those that still live have used since their start, by program. It takes some microseconds."""
        return {name: sum(map(_seconds, pids)) for name, pids in self._pids.items()}


def processor_seconds(service: Service) -> dict[str, float]:
    """Seconds that the living processes of each program have used since their start."""
    return ProcessorClocks(service).seconds()


def _seconds(pid: int) -> float:
    try:
        return time.clock_gettime(_clock_of(pid))
    except OSError:
        return 0.0


def _clock_of(pid: int) -> int:
    """The clock of a process's time, as clock_getcpuclockid(3) gives it; unlike /proc it counts no whole ticks."""
    return (~pid << 3) | 2
