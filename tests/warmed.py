"""Workers that are forked from one process that has imported what they do, as the supervisor forks a service's.

A worker that begins anew imports for most of a second of the processor's time, and tests start a hundred.
"""

from __future__ import annotations

import atexit
import itertools
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

from infra.cli import main
from infra.supervision.libraries import prepare
from infra.supervision.programs import WARM
from infra.supervision.warm import PYTHON, Warm, load_workers

ROOT: Final = Path(__file__).parents[1]
#: Read when a program begins, and so not by one that is forked.
AT_BEGIN: Final = ("LD_PRELOAD", "LD_LIBRARY_PATH")
PYTHONPATH: Final = "PYTHONPATH"
#: How often it is looked whether one has ended (seconds).
LOOK_SECONDS: Final = 0.01


class Forked(subprocess.Popen[bytes]):
    """A process whose parent is the forge: that writes its status to a file when it has ended."""

    def __init__(self, pid: int, status: Path, args: Sequence[str]) -> None:
        # It is no child of this process, which must not wait for it.
        self._child_created = False
        self.pid, self.args, self.returncode = pid, list(args), None
        self._status = status

    def poll(self) -> int | None:
        """Its status if it has ended."""
        if self.returncode is None and self._status.exists():
            self.returncode = int(self._status.read_text())
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Its status when it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if deadline is not None and time.monotonic() >= deadline:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            time.sleep(LOOK_SECONDS)
        return status


class Forge:
    """The process that forks, as a test's process speaks to it; it ends when that does."""

    def __init__(self) -> None:
        environment = {**os.environ, PYTHONPATH: str(ROOT)}
        prepare(environment)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", __name__],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._folder = Path(tempfile.mkdtemp(prefix="ml-forge-"))
        self._numbers = itertools.count()
        atexit.register(self._end)

    def start(
        self, arguments: Sequence[str], *, env: Mapping[str, str], cwd: Path, output: Path
    ) -> subprocess.Popen[bytes] | None:
        """`mlservice` with these arguments as the leader of a group; None if it has to begin anew."""
        argv = [sys.executable, *PYTHON, *arguments]
        output.touch()
        status = self._folder / str(next(self._numbers))
        asked = {"argv": argv, "env": dict(env), "cwd": str(cwd), "output": str(output), "status": str(status)}
        reader, writer = self._process.stdout, self._process.stdin
        assert reader is not None
        assert writer is not None
        writer.write(json.dumps(asked).encode() + b"\n")
        writer.flush()
        pid = int(reader.readline())
        return Forked(pid, status, argv) if pid else None

    def _end(self) -> None:
        self._process.communicate()
        shutil.rmtree(self._folder)


@cache
def forge() -> Forge:
    """The one of this process."""
    return Forge()


def suits(env: Mapping[str, str]) -> bool:
    """Whether a worker with this environment may be forked."""
    return env.get(PYTHONPATH, str(ROOT)) == str(ROOT) and not any(env.get(name) for name in AT_BEGIN)


class Parent:
    """What the forge does."""

    def __init__(self) -> None:
        self._warm = Warm(WARM, load=load_workers)
        self._warm.prepare()
        self._statuses: dict[int, Path] = {}
        self._woken, wake = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def run(self) -> None:
        """Do what is asked for until nobody asks any more."""
        # Read without a buffer of Python's, which select knows nothing of.
        asked = b""
        while True:
            ready, _, _ = select.select([0, self._woken], [], [])
            if self._woken in ready:
                os.read(self._woken, 4096)
                self._reap()
            if 0 in ready:
                more = os.read(0, 2**20)
                if not more:
                    return
                asked += more
            while b"\n" in asked:
                line, _, asked = asked.partition(b"\n")
                os.write(1, b"%d\n" % self._fork(json.loads(line)))

    def _fork(self, asked: dict[str, Any]) -> int:
        self._warm.look()
        if not self._warm.suits(asked["argv"]):
            return 0
        pid = os.fork()
        if not pid:
            os.setsid()
            os.chdir(asked["cwd"])
            for file, mode, descriptors in (
                (os.devnull, os.O_RDONLY, (0,)),
                (asked["output"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, (1, 2)),
            ):
                opened = os.open(file, mode)
                for descriptor in descriptors:
                    os.dup2(opened, descriptor)
                os.close(opened)
            arguments = asked["argv"][1 + len(PYTHON) :]
            self._warm.become(asked["argv"], asked["env"], run=lambda: sys.exit(main(arguments)))
        self._statuses[pid] = Path(asked["status"])
        return pid

    def _reap(self) -> None:
        while self._statuses:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            file = self._statuses.pop(pid)
            whole = file.with_suffix(".whole")
            whole.write_text(str(os.waitstatus_to_exitcode(status)))
            whole.rename(file)


if __name__ == "__main__":
    Parent().run()
