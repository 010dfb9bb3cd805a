"""The end of a process that could write a file is heard, and that of one which only read it is not."""

from __future__ import annotations

import select
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tasks.worker.file_events import Closings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no inotify")

#: A process that has a file open until it is killed.
HOLDER: Final = "import sys, time; file = open(sys.argv[1], sys.argv[2]); print(flush=True); time.sleep(60)"
#: By then something is heard (seconds).
HEARD_SECONDS: Final = 10.0


def kill_one_that_has(path: Path, mode: str) -> None:
    """A process opens the file and is killed."""
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path), mode], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
    finally:
        process.kill()
        process.communicate()


def heard(closings: Closings, seconds: float = 0.0) -> bool:
    return bool(select.select([closings], [], [], seconds)[0])


def test_the_end_of_who_could_write_is_heard(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    closings = Closings(tmp_path)
    try:
        kill_one_that_has(tmp_path / "x", "r")
        assert not heard(closings)
        kill_one_that_has(tmp_path / "x", "r+")
        assert heard(closings, HEARD_SECONDS)
        closings.forget()
        assert not heard(closings)
    finally:
        closings.close()


def test_where_there_is_no_folder_nothing_can_be_heard(tmp_path: Path) -> None:
    before = len([*Path("/proc/self/fd").iterdir()])
    with pytest.raises(FileNotFoundError):
        Closings(tmp_path / "none")
    assert len([*Path("/proc/self/fd").iterdir()]) == before
