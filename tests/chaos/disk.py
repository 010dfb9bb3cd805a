"""A full disk under the state folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tests.chaos.fault import Fault, Skipped
from tests.chaos.options import Options
from tests.chaos.outage import asked
from tests.chaos.stage import Stage

#: Size of the file system that the state is on in a run with this fault.
BYTES: Final = 2 * 2**30
#: What a mount of the run's own is called.
PREFIX: Final = "ml-chaos-disk-"


class DiskFull(Fault):
    """Shrinks the file system of the state to what is on it, for a while."""

    name = "disk-full"

    def strike(self, stage: Stage) -> dict[str, Any]:
        with _full(stage):
            return asked(stage, what=self.name, seconds=stage.options.full_seconds)


class KillOnFullDisk(DiskFull):
    """The same, and Valkey is killed meanwhile: what it accepted it has written, or it has not accepted it."""

    name = "disk-full-valkey"

    def strike(self, stage: Stage) -> dict[str, Any]:
        with _full(stage):
            asked(stage, what=self.name, seconds=stage.options.full_seconds / 2)
            os.kill(stage.pid("valkey"), signal.SIGKILL)
            return asked(stage, what=self.name, seconds=stage.options.full_seconds / 2)


@contextmanager
def folder(options: Options) -> Iterator[Path | None]:
    """Where the service's files go: a file system of its own if the fault is chosen and one can be mounted."""
    if not {fault.name for fault in FAULTS} & set(options.kinds) or os.geteuid() != 0 or shutil.which("mount") is None:
        yield None
        return
    mount = Path(tempfile.mkdtemp(prefix=PREFIX))
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={BYTES}", "tmpfs", mount], capture_output=True, check=False
    )
    try:
        yield mount if done.returncode == 0 else None
    finally:
        if done.returncode == 0:
            subprocess.run(["umount", "--lazy", mount], check=False)
        mount.rmdir()


@contextmanager
def _full(stage: Stage) -> Iterator[None]:
    """The disk is full inside. Raises Skipped."""
    folder = stage.service.folder.parent
    if not folder.name.startswith(PREFIX):
        raise Skipped("no file system of its own could be mounted for the state; run it as root")
    usage = shutil.disk_usage(folder)
    _resize(folder, usage.used + os.sysconf("SC_PAGE_SIZE"))
    try:
        yield
    finally:
        _resize(folder, BYTES)


def _resize(folder: Path, size: int) -> None:
    # Work goes on meanwhile, so that what is used now may be more than what was used a moment ago.
    for attempt in range(20):
        options = f"remount,size={size + attempt * 2**16}"
        if subprocess.run(["mount", "-o", options, folder], capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.01)
    raise AssertionError(f"the file system could not be made {size} bytes")


FAULTS: Final[Sequence[Fault]] = (DiskFull(), KillOnFullDisk())
