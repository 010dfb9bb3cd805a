"""What processes leave in the folder of temporary files, when they are told to end or killed at any moment: nothing."""

from __future__ import annotations

import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.host.home import Home
from infra.host.process_tree import PROC
from tests.servers import Process, Valkey, eventually
from tests.service import MLSERVICE

#: How long a start takes, more or less (seconds): a moment in it is anybody's guess.
START_SECONDS = 4.0


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A folder for temporary files, with a path that is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="ml-"))
    yield folder
    shutil.rmtree(folder)


class Up:
    """`mlservice up`, time and again, with one home and one folder for temporary files."""

    def __init__(self, root: Path, temporary: Path, output: Path) -> None:
        self.home = Home(root)
        self._temporary = temporary
        self._output = output

    def start(self) -> Process:
        """To be entered, with a new file for what it says."""
        # The processes of one that was killed hold the home until they have ended.
        eventually(self._is_free, seconds=30, what="the end of the processes before")
        command = (MLSERVICE, "up", "--home", self.home.root, "--port", "0")
        output = self._output.with_name(f"up-{time.monotonic_ns()}")
        return Process(command, output=output, env={"TMPDIR": str(self._temporary)}, grace_seconds=30)

    def _is_free(self) -> bool:
        return not running(self.home.root)


def running(root: Path) -> list[str]:
    """The command lines of the processes whose environment or command line names this home, on Linux."""
    found = []
    for process in PROC.glob("[0-9]*"):
        try:
            command = process.joinpath("cmdline").read_bytes()
            if str(root).encode() in command + process.joinpath("environ").read_bytes():
                found.append(command.replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return found


def moment(seconds: float = START_SECONDS) -> float:
    """A time until then, said in the test's output."""
    chosen = random.uniform(0, seconds)
    print(f"after {chosen:.3f} s")
    return chosen


def deep(tmp_path: Path) -> Path:
    """A home whose path is too long for sockets."""
    return tmp_path / ("d" * 80) / "home"


@pytest.mark.parametrize(
    ("number", "is_deep"),
    [(signal.SIGTERM, True), pytest.param(signal.SIGINT, False, marks=pytest.mark.long)],
)
def test_up_that_is_told_to_end_leaves_nothing(
    number: signal.Signals, is_deep: bool, temporary: Path, tmp_path: Path
) -> None:
    # A short home lies in the folder itself.
    root = deep(tmp_path) if is_deep else temporary / "home"
    up = Up(root, temporary, tmp_path / "out")
    with up.start() as process:
        time.sleep(moment())
        process.popen.send_signal(number)
        process.popen.wait(timeout=30)
    assert running(root) == []
    assert [entry for entry in temporary.iterdir() if entry != root] == []
    assert not up.home.temporary.exists() or list(up.home.temporary.iterdir()) == []


@pytest.mark.long
def test_the_next_up_clears_what_a_killed_one_left(temporary: Path, tmp_path: Path) -> None:
    up = Up(deep(tmp_path), temporary, tmp_path / "out")
    with up.start() as process:
        time.sleep(moment())
        process.popen.kill()
    with up.start() as process:
        process.wait_for("is ready", seconds=60)
        assert len(list(temporary.iterdir())) == 1
        process.popen.terminate()
        time.sleep(moment(2))
        process.popen.kill()
    with up.start() as process:
        process.wait_for("is ready", seconds=60)
        process.popen.terminate()
        assert process.popen.wait(timeout=30) == 0
    assert running(up.home.root) == []
    assert list(temporary.iterdir()) == []
    assert list(up.home.temporary.iterdir()) == []


@pytest.mark.long
def test_the_next_demonstration_removes_what_a_killed_one_left(temporary: Path, tmp_path: Path) -> None:
    def start() -> Process:
        return Process([MLSERVICE, "demo"], output=tmp_path / "out", env={"TMPDIR": str(temporary)}, grace_seconds=40)

    with start() as process:
        time.sleep(moment())
        process.popen.kill()
    # The service ends with it, and removes its home, unless it was so young that it had not heard of it.
    eventually(lambda: not running(temporary), seconds=30, what="the end of its processes")
    left = set(temporary.iterdir())
    with start() as process:
        eventually(lambda: set(temporary.iterdir()) - left, seconds=30, what="its folder")
        time.sleep(moment(2 * START_SECONDS))
        process.popen.send_signal(signal.SIGINT)
        # It may have shown everything by then.
        assert process.popen.wait(timeout=40) in (130, 0)
    assert running(temporary) == []
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "program",
    [("worker", "estimate"), pytest.param(("gateway", "--bind", "127.0.0.1:0"), marks=pytest.mark.long)],
    ids=["worker", "gateway"],
)
def test_a_program_alone_leaves_nothing(
    program: tuple[str, ...], temporary: Path, tmp_path: Path, valkey_server: Valkey
) -> None:
    env = {"TMPDIR": str(temporary), "REDIS_URL": valkey_server.redis_url, "MLSERVICE_TOKEN_KEY": "k" * 40}

    def start() -> Process:
        return Process([MLSERVICE, *program], output=tmp_path / "out", env=env)

    with start() as process:
        time.sleep(moment())
        os.killpg(process.popen.pid, signal.SIGKILL)
    eventually(lambda: not running(temporary), what="the end of its processes")
    left = set(temporary.iterdir())
    with start() as process:
        # Until then it could not know of anything.
        eventually(lambda: set(temporary.iterdir()) - left, what="its folder")
        time.sleep(moment())
        process.popen.terminate()
        process.popen.wait(timeout=10)
    assert list(temporary.iterdir()) == []
