"""How a process dies with the one that started it, on Linux: the kernel sends it a signal (prctl(2))."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

#: From linux/prctl.h.
PR_SET_PDEATHSIG: Final = 1


def set_signal(number: int) -> None:
    """Be sent this signal when the thread that started this process ends. Raises OSError on other systems."""
    if sys.platform != "linux":
        raise OSError("only Linux tells a process that its parent has ended")
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, number):
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")


def ask_in_pools() -> None:
    """Have the processes of Celery's pools ask for their signal by `set_signal`.

    billiard's own way compiles a declaration in C with cffi, where that is installed: 6 MB in each process, and 60 ms
    of its start.
    """
    from celery import platforms

    platforms._set_pdeathsig = set_signal
