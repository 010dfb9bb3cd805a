"""Who dies with whom: no process of the stack outlives the stack, however it ends.

`mlservice up` starts supervisord in a session of its own, and supervisord makes each program the leader of a process
group. A process of the session whose group has lost its leader is therefore an orphan: nothing will ever stop it.
On systems without /proc (macOS) nothing is found and nothing is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tasks.worker import parent_death

PROC: Final = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Process:
    """One line of /proc/PID/stat."""

    pid: int
    parent: int
    group: int
    session: int
    #: One letter; Z is a process that has ended.
    state: str


def processes() -> list[Process]:
    """All processes that can be seen, ended ones left out."""
    if not PROC.joinpath("self/stat").exists():
        return []
    found = [_read(int(name)) for name in os.listdir(PROC) if name.isdigit()]  # noqa: PTH208 - names, not paths
    return [process for process in found if process is not None and process.state != "Z"]


def _read(pid: int) -> Process | None:
    try:
        text = (PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold anything; what follows the last bracket is plain.
    state, parent, group, session, *_ = text.rpartition(")")[2].split()
    return Process(pid=pid, parent=int(parent), group=int(group), session=int(session), state=state)


def die_with(parent: int) -> None:
    """Be sent SIGTERM when the process `parent`, which started this one, ends, even by SIGKILL."""
    if sys.platform != "linux":
        return
    parent_death.set_signal(signal.SIGTERM)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def kill_orphans(session: int) -> None:
    """Kill what is left of the session's programs whose first process has ended."""
    members = [process for process in processes() if process.session == session]
    leaders = {process.pid for process in members}
    for process in members:
        if process.group not in leaders:
            _kill(process.pid, signal.SIGKILL)


def end_session(session: int, *, seconds: float) -> None:
    """Stop what is left of a session: SIGTERM, and SIGKILL after so many seconds."""
    deadline = time.monotonic() + seconds
    asked: set[int] = set()
    while left := {process.pid for process in processes() if process.session == session}:
        late = time.monotonic() > deadline
        for pid in left if late else left - asked:
            _kill(pid, signal.SIGKILL if late else signal.SIGTERM)
        asked |= left
        time.sleep(0.05)


def _kill(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
