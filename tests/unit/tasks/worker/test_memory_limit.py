"""Which processes end for their memory, and how much the kernel lets one have."""

from __future__ import annotations

import os
import subprocess
import sys

from tasks.worker.memory_limit import resident_bytes, too_large

MIB = 2**20
#: Has a limit of 256 MiB, takes what its argument says, and prints how it went.
CODE = """
import sys
from tasks.worker.memory_limit import limit_data, resident_bytes
import os
limit_data(256 * 2**20)
try:
    taken = bytes(int(sys.argv[1]))
    taken = bytearray(taken)
except MemoryError:
    print("refused")
else:
    print("taken")
"""


def test_each_process_has_its_limit() -> None:
    assert too_large({1: 100, 2: 101, 3: 102}, each=100, together=1000) == [2, 3]
    assert too_large({}, each=100, together=1000) == []


def test_of_many_that_have_too_much_together_the_largest_ends() -> None:
    assert too_large({1: 60, 2: 80, 3: 70}, each=100, together=209) == [2]
    assert too_large({1: 60, 2: 80, 3: 70}, each=100, together=210) == []
    # Who is over its own limit ends, and then it is enough.
    assert too_large({1: 60, 2: 180, 3: 70}, each=100, together=200) == [2]


def test_what_a_process_has_is_what_the_kernel_says() -> None:
    assert 5 * MIB < resident_bytes(os.getpid()) < 5000 * MIB
    assert resident_bytes(2**22 + 1) == 0


def test_the_kernel_refuses_what_is_over_the_limit() -> None:
    assert [_tried(size * MIB) for size in (16, 64, 300)] == ["taken", "taken", "refused"]


def _tried(size: int) -> str:
    done = subprocess.run([sys.executable, "-c", CODE, str(size)], capture_output=True, text=True, check=True)
    return done.stdout.strip()
