"""What this machine, or the container on it, lets this process use: cores and memory.

Sources: the kernel's documentation of control groups, version 1 (CFS bandwidth control, memory) and version 2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

#: What a limit of memory that is none is at least, in version 1 (bytes).
NO_LIMIT: Final = 2**60


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What a process may use. `cores_by` and `memory_by` say what limits it: the machine, or a file."""

    cores: int
    cores_by: str
    memory_bytes: int
    memory_by: str


def machine(root: Path = Path("/")) -> Machine:
    """What this process may use; `root` is where /proc and /sys are looked for.

    A quota of a part of a core leaves one core, one of 2.5 cores leaves 2: a third would stand still most of the time.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    cores = [(float(affinity), "the machine"), *_quotas(root)]
    memory = [(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "the machine"), *_memory_limits(root)]
    most, cores_by = min(cores)
    least, memory_by = min(memory)
    return Machine(cores=max(1, int(most)), cores_by=cores_by, memory_bytes=least, memory_by=memory_by)


def cores() -> int:
    """The cores that this process may use."""
    return machine().cores


def memory_bytes() -> int:
    """The memory that this process may use."""
    return machine().memory_bytes


def _quotas(root: Path) -> Iterator[tuple[float, str]]:
    """The cores that each control group around this process may use, where it has a quota."""
    for folder in groups(root, "cpu"):
        words = _words(folder / "cpu.max") or _words(folder / "cpu.cfs_quota_us") + _words(folder / "cpu.cfs_period_us")
        if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
            yield int(words[0]) / int(words[1]), f"the quota of {folder}"


def _memory_limits(root: Path) -> Iterator[tuple[int, str]]:
    for folder in groups(root, "memory"):
        words = _words(folder / "memory.max") or _words(folder / "memory.limit_in_bytes")
        if len(words) == 1 and words[0].isdigit() and int(words[0]) < NO_LIMIT:
            yield int(words[0]), f"the limit of {folder}"


def groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of the control groups that this process is in, each before those around it, of both versions."""
    own = _own_groups(root)
    for line in _lines(root / "proc/self/mountinfo"):
        left, _, right = line.partition(" - ")
        fields, kind = left.split(), right.split()
        if len(fields) < 5 or len(kind) < 3:
            continue
        name = {"cgroup2": "", "cgroup": controller}.get(kind[0])
        if name is None or name not in own or (name and name not in kind[2].split(",")):
            continue
        mount = root / fields[4].lstrip("/")
        # A mount may show a part of the tree only, and the process's path be told from above it.
        inside = PurePosixPath(own[name])
        inside = inside.relative_to(fields[3]) if inside.is_relative_to(fields[3]) else PurePosixPath("/")
        for part in (inside, *inside.parents):
            yield mount / str(part).lstrip("/")


def _own_groups(root: Path) -> dict[str, str]:
    """The path of this process's group by controller; that of version 2 by an empty name."""
    found: dict[str, str] = {}
    for line in _lines(root / "proc/self/cgroup"):
        _, controllers, path = line.split(":", 2)
        found |= dict.fromkeys(controllers.split(","), path)
    return found


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []
