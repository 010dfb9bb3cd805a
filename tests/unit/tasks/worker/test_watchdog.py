"""A process that is watched ends unless it goes on."""

from __future__ import annotations

import subprocess
import sys

#: A process that is watched, feeds its watchdog for longer than that is patient, and then does what it is told.
PROGRAM = """
import os, sys, time
from tasks.worker.watchdog import Watchdog

watchdog = Watchdog()
watchdog.feed()
watchdog.start(0.5)
for _ in range(10):
    time.sleep(0.1)
    watchdog.feed()
print("fed", flush=True)
{then}
time.sleep(60)
"""


def run(then: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM.format(then=then)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)


def test_who_stands_still_ends_and_says_where() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (1, "fed\n")
    assert "Timeout (" in done.stderr
    assert 'File "<string>"' in done.stderr


#: A child feeds the watchdog of its parent, which goes on, and lives longer than that is patient.
CHILD = """
pid = os.fork()
if pid:
    watchdog.start(30)
    os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
watchdog.feed()
time.sleep(1)
os._exit(7)
"""


def test_a_child_is_not_watched() -> None:
    assert run(CHILD).returncode == 7
