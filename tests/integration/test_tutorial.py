"""The tutorial works as it stands: its first terminal starts the service, its second one uses it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests import sessions
from tests.servers import Process

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial" / "first-model.md"
#: How far estimates may be from the truth that the page tells: twice the noise of the prices.
CLOSE: Final = 30_000


@pytest.fixture
def checkout() -> Iterator[Path]:
    """A folder that looks like this checkout, in which what the tutorial writes is in nobody's way."""
    folder = Path(tempfile.mkdtemp(prefix="ml-tutorial-"))
    for name in ("Makefile", "setup.cfg", "pyproject.toml", "constraints.txt"):
        (folder / name).symlink_to(ROOT / name)
    environment = folder / ".venv"
    environment.mkdir()
    (environment / "bin").symlink_to(Path(sys.executable).parent)
    # Nothing is installed while other tests run.
    (environment / ".installed").touch()
    yield folder
    shutil.rmtree(folder)


def test_every_shell_block_is_run() -> None:
    written_in_shell = {block.session for block in sessions.blocks(TUTORIAL) if block.language == sessions.SHELL}
    assert written_in_shell == {"service", "work"}


def test_the_tutorial(checkout: Path) -> None:
    (start,), work = sessions.steps(TUTORIAL, "service"), sessions.steps(TUTORIAL, "work")
    command = ("bash", "-c", f"exec {start.script}")
    # Threads of a train that wait for each other take ten times as long on a machine busy with other work.
    environment = {"MLSERVICE_PORT": "0", "MLSERVICE_TRAIN_THREADS": "1"}
    with Process(command, output=checkout / "up.log", env=environment, cwd=checkout, grace_seconds=30) as up:
        up.wait_for("is ready", seconds=60)
        url = json.loads((checkout / ".mlservice" / "run" / "service.json").read_text())["url"]
        written = sessions.run(work, url=url, folder=checkout, seconds=100)
        # As Ctrl-C in its terminal does.
        os.killpg(up.popen.pid, signal.SIGINT)
        up.popen.wait(30)
    assert sessions.check_shown(work, written) > 5
    homes = next(json.loads(part) for part in written if '"predictions"' in part)
    assert homes["predictions"] == pytest.approx([440_000, 328_000], abs=CLOSE)
