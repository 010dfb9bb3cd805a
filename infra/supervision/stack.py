"""The supervised processes of one service: started together, watched, stopped together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from infra.host.control import ProgramState, Supervisor
from infra.host.home import Home
from infra.host.process_tree import end_session
from infra.host.signals import Signals
from infra.supervision.libraries import FOR_ALL
from infra.supervision.programs import LEAN, Program
from tasks.errors import Unavailable
from tasks.telemetry.logs import readable

#: Longest time that a stop may take; what is left then is killed.
STOP_SECONDS: Final = 19.0
#: A program that was started so often before the service was ready will not make it.
MOST_STARTS: Final = 4
#: What the supervisor calls the state of a program that was not started.
NOT_STARTED: Final = "STOPPED"
#: What helps if a program fails again and again.
HINTS: Final = {"valkey": "if its data is damaged: `mlservice repair` says what can be saved"}
#: How much of a log is shown when a program fails.
TAIL_LINES: Final = 15


class Stack:
    """The supervisor as a child of this process, in a session of its own."""

    def __init__(self, home: Home, sockets: Path) -> None:
        self._home = home
        self._supervisor = Supervisor(sockets)
        self._seen: dict[str, set[int]] = defaultdict(set)

    def start(self, environment: Mapping[str, str], *, keep: Sequence[int]) -> None:
        """Start all that starts at once. The descriptors `keep` stay open until the supervisor has ended."""
        with (self._home.logs / "supervisord-errors.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-P", "-m", "infra.supervision.supervisor", str(os.getpid()), "supervisord.conf"),
                ],
                cwd=self._home.run,
                # The supervisor loads the code of the workers.
                env={**LEAN, **FOR_ALL, **environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=keep,
                start_new_session=True,
            )

    @property
    def running(self) -> bool:
        """Whether the supervisor runs."""
        return self._process.poll() is None

    def start_later(self, programs: list[Program]) -> None:
        """Start the programs that were left for when the service is ready, unless they were started.

        Raises Unavailable; it may then be called again.
        """
        waiting = {state.name for state in self._supervisor.states() if state.state == NOT_STARTED}
        for program in programs:
            if not program.at_once and program.name in waiting:
                self._supervisor.start(program.group, program.name)

    def check(self) -> None:
        """Raise Unavailable, with the end of its log, if the supervisor or a program fails again and again."""
        if not self.running:
            raise Unavailable(f"the supervisor has ended\n{self._tail('supervisord')}")
        for program in self._states():
            if program.pid:
                self._seen[program.name].add(program.pid)
            if len(self._seen[program.name]) >= MOST_STARTS:
                hint = f"\n{HINTS[program.name]}" if program.name in HINTS else ""
                raise Unavailable(f"{program.name} fails again and again\n{self._tail(program.name)}{hint}")

    def unready(self) -> str:
        """What is known of why the service is not ready: the end of the log of what was started most often."""
        name = max(self._seen, key=lambda name: len(self._seen[name]), default="supervisord")
        return self._tail(name if len(self._seen.get(name, ())) > 1 else "gateway")

    def stop(self, signals: Signals) -> None:
        """Stop all processes in order, and leave none; a second signal ends the patience."""
        signals.stopped = False
        deadline = time.monotonic() + STOP_SECONDS
        if self.running:
            self._process.send_signal(signal.SIGTERM)
        while self.running and time.monotonic() < deadline and not signals.stopped:
            signals.wait(0.2)
        end_session(self._process.pid, seconds=0.0 if self.running else 1.0)
        self._process.wait()

    def _states(self) -> list[ProgramState]:
        try:
            return self._supervisor.states()
        except Unavailable:
            return []

    def _tail(self, name: str) -> str:
        logs = [self._home.logs / f"{name}{suffix}.log" for suffix in ("", "-errors")]
        texts = [(log, _last_lines(log)) for log in logs if log.exists()]
        return "\n".join(f"  {log}:\n{text}" for log, text in texts if text)


def _last_lines(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 16384))
        lines = file.read().decode(errors="replace").splitlines()[-TAIL_LINES:]
    return "\n".join(f"    {readable(line)}" for line in lines)
