"""A whole check: two processes, one after the other, and what they said."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from tasks.conformance.remarks import Check, Findings, Remark, fault
from tasks.conformance.request import Request

#: The two processes.
LEARNING: Final = "learning"
SERVING: Final = "serving"
#: What lies in the folder that they share.
REQUEST: Final = "request.json"
#: Where the estimator may write, and where it is started.
TEMPORARY: Final = "tmp"
WORK: Final = "work"
#: Seeds of hash(), so that text has another one in each process, as in the workers.
SEEDS: Final = {LEARNING: "1", SERVING: "2"}
#: Longest part of what a process wrote before it ended that is shown (characters).
MOST_SAID: Final = 300


class Told(msgspec.Struct):
    """What a process said."""

    checks: list[Check]
    #: The check that began and did not end; empty if none.
    open: str
    #: Whether it said that all could be looked at; None if it ended before it could say.
    whole: bool | None


#: Of a process that was not started.
NOTHING: Final = Told([], "", None)


def run(request: Request, environ: Mapping[str, str]) -> Findings:
    """All checks, in order, with what was found. The processes get the environment, and a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="ml-check-") as name:
        folder = Path(name)
        for part in (TEMPORARY, WORK):
            (folder / part).mkdir()
        (folder / REQUEST).write_bytes(msgspec.json.encode(request))
        learned = _carried_out(LEARNING, folder, environ, seconds=request.seconds)
        served = _carried_out(SERVING, folder, environ, seconds=request.seconds) if learned.whole else NOTHING
        return Findings([*learned.checks, *served.checks, *_left(folder / WORK)], whole=bool(served.whole))


def _carried_out(role: str, folder: Path, environ: Mapping[str, str], *, seconds: float) -> Told:
    with (folder / f"{role}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "tasks.conformance", role, str(folder)],
            cwd=folder / WORK,
            env=_environment(role, folder, environ),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        late = False
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            late = True
        finally:
            _end(process)
    told = _read(folder / f"{role}.jsonl")
    if told.whole is None:
        told.checks.append(
            Check(told.open or role, [_unfinished(process, folder / f"{role}.log", seconds if late else 0)])
        )
    return told


def _environment(role: str, folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        **environ,
        "PYTHONHASHSEED": SEEDS[role],
        "TMPDIR": str(folder / TEMPORARY),
        "MPLCONFIGDIR": str(folder / TEMPORARY),
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _read(file: Path) -> Told:
    told = Told([], "", None)
    for line in file.read_bytes().splitlines() if file.exists() else ():
        item = msgspec.json.decode(line, type=str | bool | Check)
        if isinstance(item, str):
            told.open = item
        elif isinstance(item, Check):
            told.open = ""
            told.checks.append(item)
        else:
            told.whole = item
    return told


def _unfinished(process: subprocess.Popen[bytes], log: Path, seconds: float) -> Remark:
    if seconds:
        return fault(
            f"it did not end within {seconds:g} s",
            "in a service the time limit ends it: look for a loop that waits, or give less --rows or more --seconds",
        )
    code = process.returncode
    how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with status {code}"
    said = log.read_text(errors="replace").strip().splitlines()
    last = f": {said[-1][:MOST_SAID]}" if said else ""
    return fault(
        f"the process ended {how}{last}",
        "in a service it would end the worker's process, and work that does so three times is given up: raise an error",
    )


def _left(work: Path) -> list[Check]:
    """Files that code which Python does not see has written."""
    left = sorted(path.name for path in work.iterdir())
    if not left:
        return []
    remark = fault(
        f"it left {', '.join(left[:3])} in the folder in which it was started",
        "return what is to stay from dump, and use the tempfile module for the rest",
    )
    return [Check("files", [remark])]
