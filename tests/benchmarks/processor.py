"""Processor time of the service's programs, as the kernel accounts for it. Others on the machine change it little."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from infra.lineage import processes
from infra.report import program_status
from monitoring.memory import children
from tests.service import Service

#: Who starts the others, and so is their parent.
PARENTS: Final = ("up", "supervisor")
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def processor_seconds(service: Service) -> dict[str, float]:
    """Seconds that the living processes of each program have used since their start."""
    parents = {process.pid: process.parent for process in processes()}
    return {
        name: sum(map(_seconds, children(parents, status.pid)))
        for name, status in program_status(service.home.service()).items()
        if status.pid and name not in PARENTS
    }


def _seconds(pid: int) -> float:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return 0.0
    # utime and stime are the 14th and 15th field; the second may hold anything, in brackets.
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS
