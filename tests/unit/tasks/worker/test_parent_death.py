"""How a process dies with the one that started it."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: What a process of Celery's pool does first, and what the kernel then says (PR_GET_PDEATHSIG of prctl(2) is 2).
CODE = """
import ctypes, sys
import cffi
from celery import platforms
from tasks.worker.parent_death import ask_in_pools

ask_in_pools()
platforms.set_pdeathsig("SIGKILL")
number = ctypes.c_int()
ctypes.CDLL(None).prctl(2, ctypes.byref(number))
print(number.value, "pycparser" in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such signal")
def test_a_process_of_a_pool_asks_for_its_signal_without_a_compiler() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["9", "False"]
