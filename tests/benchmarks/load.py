"""Load from wrk: one request sent again and again over a number of connections, each waiting for its answer."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

SCRIPT: Final = Path(__file__).with_name("load.lua")
#: An answer that takes longer counts as broken (seconds).
TIMEOUT_SECONDS: Final = 30
#: A load that is ended from outside is given so long (seconds).
ENDLESS_SECONDS: Final = 3600


class Unusable(Exception):
    """Raised when something that a benchmark needs is missing or does not work."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A POST request."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Load:
    """What one load measured. Times are in milliseconds, `rate` in requests a second."""

    rate: float
    p50_ms: float
    p99_ms: float
    longest_ms: float
    #: Answers of any status.
    requests: int
    #: Answers with a status of 400 and above.
    refused: int
    #: Connections that were refused, broken or without an answer in time.
    broken: int


class RunningLoad:
    """A wrk that runs."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def halt(self) -> None:
        """Have it stand still; answers that come meanwhile wait for it."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it go on after `halt`."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """End it early; it still measures."""
        # Its first thread sleeps until it gets a signal. Of a process that stands still another one may be given that.
        ctypes.CDLL(None).tgkill(self._process.pid, self._process.pid, signal.SIGINT)

    def result(self) -> Load:
        """What it measured, when it has ended. Raises Unusable if it could not run."""
        output, _ = self._process.communicate()
        last = output.rstrip().rpartition("\n")[2]
        if self._process.returncode or not last.startswith("{"):
            raise Unusable(f"wrk failed: {output.strip()}")
        found = json.loads(last)
        return Load(
            rate=found["requests"] / (found["duration"] / 1e6),
            p50_ms=found["p50"] / 1e3,
            p99_ms=found["p99"] / 1e3,
            longest_ms=found["longest"] / 1e3,
            requests=found["requests"],
            refused=found["refused"],
            broken=found["broken"],
        )


def wrk_version() -> str:
    """The version of wrk. Raises Unusable, with the remedy, if it is not installed."""
    path = shutil.which("wrk")
    if path is None:
        raise Unusable("wrk is not installed; on Debian and Ubuntu: apt-get install wrk")
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout.split("[")[0].strip()


@contextmanager
def started_load(target: Target, *, connections: int, seconds: int = ENDLESS_SECONDS) -> Iterator[RunningLoad]:
    """A load that runs inside; what is left of it is killed at the end."""
    with tempfile.NamedTemporaryFile(prefix="ml-body-") as body:
        body.write(target.body)
        body.flush()
        headers = "".join(f"{name}: {value}\n" for name, value in target.headers.items())
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", f"{TIMEOUT_SECONDS}s"]
        process = subprocess.Popen(
            [*command, "-s", str(SCRIPT), target.url],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "LOAD_BODY": body.name, "LOAD_HEADERS": headers},
        )
        try:
            yield RunningLoad(process)
        finally:
            process.kill()
            process.wait()


def run_load(target: Target, *, connections: int, seconds: int) -> Load:
    """Load for so many seconds. Raises Unusable if wrk cannot run."""
    with started_load(target, connections=connections, seconds=seconds) as load:
        return load.result()


def faults_of(load: Load, *, what: str) -> list[str]:
    """What was wrong with the answers, in words; nothing if all was well."""
    counts = {"answers with an error status": load.refused, "broken or late connections": load.broken}
    faults = [f"{what}: {count} {name}" for name, count in counts.items() if count]
    return faults if load.requests else [*faults, f"{what}: no answer at all"]
