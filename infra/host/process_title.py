"""What a process is called in lists of processes (`ps`), on Linux: the command line that the kernel reads from it."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

#: Where /proc/PID/stat (proc(5)) says where the command line begins and ends, counted after the name in brackets.
ARG_START: Final = 45
ARG_END: Final = 46


def entitle(argv: Sequence[str]) -> None:
    """Be shown with this command line, as far as there is room where the one stands that this process began with.

    For a process that was forked to do what else would be a program of its own. Elsewhere than on Linux, nothing.
    """
    if sys.platform != "linux":
        return
    with suppress(OSError, ValueError):
        fields = Path("/proc/self/stat").read_text(errors="replace").rpartition(")")[2].split()
        start, end = int(fields[ARG_START]), int(fields[ARG_END])
        room = end - start
        if start and room > 1:
            text = b"\0".join(argument.encode(errors="surrogateescape") for argument in argv)[: room - 1]
            ctypes.memmove(start, text.ljust(room, b"\0"), room)
