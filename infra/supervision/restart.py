"""`mlservice restart`: new processes for the programs of a running service, without a request that fails."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from infra.host.control import ProgramState, Supervisor
from infra.host.home import Home
from infra.host.process_tree import processes
from infra.supervision.programs import Program, programs
from monitoring.memory import children
from tasks.errors import InvalidField, Unavailable

#: Longest wait for one program; requests may wait for their work for a minute (seconds).
PATIENCE_SECONDS: Final = 75.0
LOOK_SECONDS: Final = 0.1


def run(args: argparse.Namespace) -> int:
    """Restart the programs that are named, or all but the store, one after the other."""
    service = Home(args.home).service()
    supervisor = Supervisor(Path(service.sockets))
    running = {state.name for state in supervisor.states()}
    known = {program.name: program for program in programs(embedded=False, mcp=True) if program.name in running}
    for name in args.programs:
        if name not in known:
            raise InvalidField(f"there is no program {name!r} to restart; choose from {', '.join(known)}")
    for name in args.programs or known:
        if known[name].asked_on and not _state(supervisor, known[name]).pid:
            print(f"{name} does not run, and starts when somebody asks for it", flush=True)
            continue
        began = time.monotonic()
        (_renew if known[name].renew_signal else replace)(supervisor, known[name])
        print(f"{name} restarted in {time.monotonic() - began:.1f} s", flush=True)
    return 0


def replace(supervisor: Supervisor, program: Program) -> None:
    """End the program and start it. What it has begun it finishes, or gives it back. Raises Unavailable."""
    if _state(supervisor, program).pid:
        supervisor.stop(program.group, program.name)
        _wait(lambda: not _state(supervisor, program).pid, f"{program.name} did not end")
    supervisor.start(program.group, program.name)
    _wait(lambda: bool(_state(supervisor, program).pid), f"{program.name} did not start")


def _renew(supervisor: Supervisor, program: Program) -> None:
    """Have the program replace its processes; the first one stays, and with it the socket on which it listens."""
    pid = _state(supervisor, program).pid
    if not pid:
        raise Unavailable(f"{program.name} is not running; see `mlservice status`")
    before = _below(pid)
    supervisor.signal(program.group, program.name, signal=program.renew_signal)
    _wait(lambda: bool(_below(pid) - before), f"{program.name} has no new processes")
    _wait(lambda: not _below(pid) & before, f"the old processes of {program.name} did not end")


def _state(supervisor: Supervisor, program: Program) -> ProgramState:
    return next(state for state in supervisor.states() if state.name == program.name)


def _below(pid: int) -> set[int]:
    parents = {process.pid: process.parent for process in processes()}
    return children(parents, pid) - {pid}


def _wait(done: Callable[[], bool], failure: str) -> None:
    """Wait until it is done. Raises Unavailable with the failure."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > until:
            raise Unavailable(f"{failure} within {PATIENCE_SECONDS:g} s; see its log")
        time.sleep(LOOK_SECONDS)
