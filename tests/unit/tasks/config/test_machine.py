"""How much of a machine a process may use, by the control groups of both versions that it is in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.config.machine import machine

#: What this test may run on, where nothing else limits it.
AFFINITY = len(os.sched_getaffinity(0))
V2 = "41 31 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
V1 = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n" + (
    "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
)


def written(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


def test_nothing_known_is_the_whole_machine(tmp_path: Path) -> None:
    found = machine(tmp_path)
    assert (found.cores, found.cores_by, found.memory_by) == (AFFINITY, "the machine", "the machine")
    assert found.memory_bytes == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.parametrize(
    ("quota", "cores"),
    [("100000 100000", 1), ("50000 100000", 1), ("199999 100000", 1), ("max 100000", AFFINITY), ("", AFFINITY)],
)
def test_a_quota_of_version_2(quota: str, cores: int, tmp_path: Path) -> None:
    files = {"proc/self/cgroup": "0::/a/b\n", "proc/self/mountinfo": V2, "sys/fs/cgroup/a/b/cpu.max": quota}
    assert machine(written(tmp_path, files)).cores == cores


def test_the_narrowest_group_around_counts(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/a/b\n",
        "proc/self/mountinfo": V2,
        "sys/fs/cgroup/a/b/cpu.max": "max 100000",
        "sys/fs/cgroup/a/cpu.max": "100000 100000",
        "sys/fs/cgroup/a/b/memory.max": "4096000",
        "sys/fs/cgroup/a/memory.max": "max",
        "sys/fs/cgroup/memory.max": "8192000",
    }
    found = machine(written(tmp_path, files))
    assert (found.cores, found.cores_by) == (1, f"the quota of {tmp_path}/sys/fs/cgroup/a")
    assert (found.memory_bytes, found.memory_by) == (4096000, f"the limit of {tmp_path}/sys/fs/cgroup/a/b")


def test_version_1_and_a_container_that_sees_a_part_of_the_tree(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "5:cpuacct,cpu:/docker/x/inner\n4:memory:/docker/x\n",
        "proc/self/mountinfo": V1.replace("0:29 /", "0:29 /docker/x").replace("0:32 /", "0:32 /docker/x"),
        "sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu,cpuacct/inner/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "100000",
        "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "1048576",
    }
    found = machine(written(tmp_path, files))
    assert (found.cores, found.memory_bytes) == (1, 1048576)


def test_no_limit_of_version_1_is_none(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "4:memory:/\n",
        "proc/self/mountinfo": V1,
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    }
    assert machine(written(tmp_path, files)).memory_by == "the machine"


@pytest.fixture
def one_core() -> Iterator[Path]:
    """A real control group of version 1 or 2 with a quota of one core; skipped where none can be made."""
    for parent, limit in (("cpu", {"cpu.cfs_quota_us": "100000"}), ("", {"cpu.max": "100000 100000"})):
        folder = Path("/sys/fs/cgroup") / parent / f"ml-test-{os.getpid()}"
        try:
            folder.mkdir()
        except OSError:
            continue
        try:
            for name, text in limit.items():
                (folder / name).write_text(text)
            yield folder
            return
        except OSError:
            continue
        finally:
            folder.rmdir()
    pytest.skip("no control group with a quota can be made here")


@pytest.mark.skipif(AFFINITY < 2, reason="one core is all there is")
def test_a_process_in_a_real_group(one_core: Path) -> None:
    code = "import sys; sys.stdin.readline(); from tasks.config.machine import machine; print(machine().cores)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        (one_core / "cgroup.procs").write_text(str(process.pid))
        told, _ = process.communicate("go\n", timeout=30)
    assert told.strip() == "1"
