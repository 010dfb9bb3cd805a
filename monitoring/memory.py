"""Memory of process trees, as the kernel accounts for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def children(parents: dict[int, int], root: int) -> set[int]:
    """`root` and all that descend from it; `parents` maps each process to its parent."""
    tree = {root}
    while more := {pid for pid, parent in parents.items() if parent in tree} - tree:
        tree |= more
    return tree


def pss_bytes(pids: Iterable[int]) -> int | None:
    """The sum of the proportional set sizes: a page that n processes share counts 1/n for each.

    Processes that have ended count nothing. None if the system does not say, as macOS.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    return sum(_pss_bytes(pid) for pid in pids)


def _pss_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
