"""Sessions and orphans, with real processes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra.host.launch import pause
from infra.host.process_tree import end_session, kill_orphans, processes
from monitoring.memory import children, pss_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")

#: A leader of a session that starts a child in a group of its own, which starts a grandchild, and then waits.
FAMILY = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", '''
import subprocess, time
print(subprocess.Popen(["sleep", "60"]).pid, flush=True)
time.sleep(60)
'''], process_group=0)
print(child.pid, flush=True)
child.wait()
time.sleep(60)
"""


def family() -> tuple[subprocess.Popen[str], int, int]:
    """The leader, its child, its grandchild."""
    leader = subprocess.Popen([sys.executable, "-c", FAMILY], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert leader.stdout is not None
    child, grandchild = int(leader.stdout.readline()), int(leader.stdout.readline())
    leader.stdout.close()
    return leader, child, grandchild


def alive() -> set[int]:
    return {process.pid for process in processes()}


def test_only_what_lost_its_leader_is_killed() -> None:
    leader, child, grandchild = family()
    try:
        kill_orphans(leader.pid)
        assert {child, grandchild} <= alive()
        subprocess.run(["kill", "-9", str(child)], check=True)
        deadline = time.monotonic() + 5
        while child in alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert grandchild in alive()
        kill_orphans(leader.pid)
        while grandchild in alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert grandchild not in alive()
        assert leader.poll() is None
    finally:
        end_session(leader.pid, seconds=1)
        leader.wait()


def test_the_end_of_a_session_is_the_end_of_all() -> None:
    leader, child, grandchild = family()
    end_session(leader.pid, seconds=1)
    leader.wait()
    assert not {leader.pid, child, grandchild} & alive()


def test_a_tree_is_all_descendants() -> None:
    assert children({2: 1, 3: 2, 4: 3, 5: 1, 6: 9}, 2) == {2, 3, 4}


def test_memory_of_what_has_ended_is_nothing() -> None:
    assert pss_bytes({2**22 + 1}) == 0
    assert (pss_bytes({1 << 30} | {next(iter(alive()))}) or 0) >= 0


def test_starts_are_a_second_apart(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    began = time.monotonic()
    pause(mark)
    assert time.monotonic() - began < 0.5
    pause(mark)
    assert time.monotonic() - began >= 0.9
