"""A quota of processor time around the running service."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from infra.host.process_tree import processes
from tasks.config.machine import groups
from tasks.contract import Kind
from tests.chaos.fault import Fault, Skipped
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.servers import eventually

#: The part of one core that the whole service may use, and the time over which it is counted (microseconds).
CORES: Final = 0.5
PERIOD_MICROSECONDS: Final = 100_000
#: Time between two tries to remove the group (seconds).
PAUSE_SECONDS: Final = 0.1


class CpuQuota(Fault):
    """Gives the service half a core for a while. An estimate worker is killed at the beginning, so that one starts."""

    name = "cpu-quota"
    killed = (Kind.ESTIMATE,)

    def strike(self, stage: Stage) -> dict[str, Any]:
        with _quota() as group:
            _enclose(group, stage.service.popen.pid)
            os.kill(stage.pid("worker-estimate"), signal.SIGKILL)
            time.sleep(stage.options.full_seconds)
            eventually(lambda: stage.children("worker-estimate"), seconds=PATIENCE_SECONDS, what="an estimate worker")
            count = len(stage.children("worker-estimate"))
            throttled = _throttled_seconds(group)
        if count != 1:
            stage.account.find(f"{self.name}: an estimate worker that started within half a core has {count} processes")
        return {"throttled_seconds": throttled}


@contextmanager
def _quota() -> Iterator[Path]:
    """A control group with the quota. What is in it at the end goes back where it was. Raises Skipped."""
    parent = next(groups(Path("/"), "cpu"), None)
    if parent is None:
        raise Skipped("there is no control group for processor time")
    group = parent / f"ml-chaos-{os.getpid()}"
    try:
        group.mkdir()
    except OSError as error:
        raise Skipped(f"no control group can be made: {error}") from error
    try:
        _limit(group)
        yield group
    finally:
        _remove(group, parent)


def _limit(group: Path) -> None:
    quota = int(CORES * PERIOD_MICROSECONDS)
    try:
        if (group / "cpu.cfs_quota_us").exists():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_MICROSECONDS))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group.parent / "cgroup.subtree_control").write_text("+cpu")
            (group / "cpu.max").write_text(f"{quota} {PERIOD_MICROSECONDS}")
    except OSError as error:
        raise Skipped(f"a control group can have no quota here: {error}") from error


def _enclose(group: Path, first: int) -> None:
    """Put a process and all that it has started into the group, also what they start meanwhile."""
    inside: set[int] = set()
    while new := _family(first) - inside:
        for pid in new:
            _move(pid, group)
        inside |= new


def _family(first: int) -> set[int]:
    children: dict[int, list[int]] = {}
    for process in processes():
        children.setdefault(process.parent, []).append(process.pid)
    found, left = set(), [first]
    while left:
        pid = left.pop()
        found.add(pid)
        left += children.get(pid, [])
    return found


def _move(pid: int, group: Path) -> None:
    # It may have ended.
    with suppress(ProcessLookupError):
        (group / "cgroup.procs").write_text(str(pid))


def _remove(group: Path, parent: Path) -> None:
    while group.exists():
        for pid in (group / "cgroup.procs").read_text().split():
            _move(int(pid), parent)
        with suppress(OSError):
            group.rmdir()
            return
        time.sleep(PAUSE_SECONDS)


def _throttled_seconds(group: Path) -> float:
    """For how long the group's processes had to stand still, all together."""
    words = dict(line.split() for line in (group / "cpu.stat").read_text().splitlines())
    nanoseconds = int(words.get("throttled_time", 0)) or int(words.get("throttled_usec", 0)) * 1000
    return round(nanoseconds / 1e9, 2)


FAULTS: Final[Sequence[Fault]] = (CpuQuota(),)
