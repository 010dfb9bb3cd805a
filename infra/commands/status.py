"""`mlservice status`: what runs, and what it holds."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from infra.host.control import ProgramState, Supervisor
from infra.host.home import Home
from infra.host.process_tree import processes
from infra.host.running import redis_of, settings_of
from infra.host.service import Service
from monitoring.memory import children, pss_bytes
from monitoring.status import WorkStatus, work_status
from tasks.config.machine import Machine, machine

MIB: Final = 1024 * 1024
#: What the two processes that are no programs of the supervisor are called.
UP: Final = "up"
SUPERVISOR: Final = "supervisor"


@dataclass(frozen=True, kw_only=True)
class ProgramStatus:
    """One program with all its processes."""

    state: str
    pid: int
    processes: int
    #: Proportional set size; None where the system does not say.
    pss_bytes: int | None
    #: Seconds since its start.
    seconds: int


def run(args: argparse.Namespace) -> int:
    """Print the status. Raises Unavailable if the service does not run."""
    home = Home(args.home.resolve())
    service = home.service()
    programs = program_status(service)
    with redis_of(settings_of(home, os.environ)) as client:
        work = work_status(client)
    found = machine()
    total = sum(program.pss_bytes or 0 for program in programs.values()) or None
    if args.json:
        machine_json = asdict(found)
        programs_json = {name: asdict(program) for name, program in programs.items()}
        print(
            json.dumps(
                {
                    "url": service.url,
                    "urls": service.urls or [service.url],
                    "pss_bytes": total,
                    "machine": machine_json,
                    "programs": programs_json,
                    **asdict(work),
                }
            )
        )
    else:
        print(
            "\n".join(
                [
                    *(service.urls or [service.url]),
                    machine_line(found),
                    "",
                    *_program_lines(programs, total),
                    "",
                    *_work_lines(work),
                ]
            )
        )
    return 0


def program_status(service: Service) -> dict[str, ProgramStatus]:
    """The supervised programs, the supervisor and `up` itself. Raises Unavailable."""
    states = Supervisor(Path(service.sockets)).states()
    parents = {process.pid: process.parent for process in processes()}
    trees = {state.name: children(parents, state.pid) if state.pid else set() for state in states}
    known = set().union(*trees.values())
    up, everything = service.pid, children(parents, service.pid)
    rest = everything - known - {up}
    found = {state.name: _program(state, trees[state.name]) for state in states}
    found[SUPERVISOR] = _own(rest)
    found[UP] = _own({up})
    return found


def _program(state: ProgramState, tree: set[int]) -> ProgramStatus:
    return ProgramStatus(
        state=state.state,
        pid=state.pid,
        processes=len(tree),
        pss_bytes=pss_bytes(tree),
        seconds=state.seconds,
    )


def _own(tree: set[int]) -> ProgramStatus:
    return ProgramStatus(
        state="RUNNING", pid=min(tree, default=0), processes=len(tree), pss_bytes=pss_bytes(tree), seconds=0
    )


def _program_lines(programs: dict[str, ProgramStatus], total: int | None) -> list[str]:
    lines = [f"{'program':<17} {'state':<9} {'process':>8} {'processes':>9} {'memory (PSS)':>13}"]
    lines += [
        f"{name:<17} {program.state.lower():<9} {program.pid:>8} {program.processes:>9} {_mib(program.pss_bytes):>13}"
        for name, program in programs.items()
    ]
    return [*lines, f"{'total':<45} {_mib(total):>14}"]


def machine_line(found: Machine) -> str:
    """How much of the machine may be used, and what limits it."""
    cores = f"{found.cores} core{'s' if found.cores > 1 else ''} by {found.cores_by}"
    return f"{cores}, {_mib(found.memory_bytes)} of memory by {found.memory_by}"


def _work_lines(work: WorkStatus) -> list[str]:
    lines = [f"{'queue':<17} {'high':>8} {'normal':>8} {'low':>8} {'unfinished':>11}"]
    for queue, lanes in work.queues.items():
        depths = " ".join(f"{depth:>8}" for depth in lanes.values())
        lines.append(f"{queue:<17} {depths} {work.pending.get(queue, ''):>11}")
    lines += ["", f"{'worker':<48} {'processes':>9}"]
    for fleet, members in work.workers.items():
        lines += [f"{fleet} {member:<{47 - len(fleet)}} {count:>9}" for member, count in members.items()]
    lines += ["", f"{'model':<48} {'current':>9} {'versions':>9}"]
    for name, model in work.models.items():
        lines.append(f"{name:<48} {model.current or '-':>9} {model.versions:>9}")
    return lines


def _mib(size: int | None) -> str:
    return "unknown" if size is None else f"{size / MIB:.1f} MiB"
