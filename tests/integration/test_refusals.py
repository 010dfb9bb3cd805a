"""Where the service cannot work, one line says so, and why."""

from __future__ import annotations

import os
import resource
import subprocess
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tasks.client import Client
from tasks.errors import Unavailable
from tests.servers import free_port
from tests.service import MLSERVICE

#: A shell's words before a command: a shared memory of a few kB, in a namespace of its own.
SMALL: Final = (
    "unshare",
    "--mount",
    "--map-root-user",
    "sh",
    "-c",
    'mount -t tmpfs -o size=8k none /dev/shm && "$@"',
    "sh",
)
CAN_MOUNT: Final = subprocess.run([*SMALL, "true"], capture_output=True, check=False).returncode == 0


def refused(
    *command: str,
    folder: Path,
    env: dict[str, str] | None = None,
    files: int | None = None,
    within: Sequence[str] = (),
) -> str:
    """The one line that a command says which cannot do its work."""
    limit = partial(resource.setrlimit, resource.RLIMIT_NOFILE, (files, files)) if files else None
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MLSERVICE_", "REDIS_URL"))}
    done = subprocess.run(
        [*within, MLSERVICE, *command],
        cwd=folder,
        env={**environ, **(env or {})},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    (line,) = done.stderr.splitlines()
    return line


def test_too_few_files(tmp_path: Path) -> None:
    line = refused("up", "--port", "0", folder=tmp_path, files=256)
    assert line.startswith("mlservice: a process may open only 256 files here, and 1024 are needed")
    assert not (tmp_path / ".mlservice").exists()


@pytest.mark.skipif(not CAN_MOUNT, reason="this machine lets nobody mount anything in a namespace")
def test_too_little_shared_memory(tmp_path: Path) -> None:
    line = refused("up", "--port", "0", folder=tmp_path, within=SMALL)
    assert line.startswith("mlservice: /dev/shm has 8 kB free, and workers need 256 kB")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (None, "No module named 'mine'"),
        ("class Other: ...", "has no attribute 'Mine'"),
        ("class Mine: ...", "is no class derived from"),
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import os; os._exit(3)", "the import ended with 3"),
    ],
)
def test_an_estimator_that_cannot_be_imported(tmp_path: Path, code: str | None, why: str) -> None:
    if code is not None:
        (tmp_path / "mine.py").write_text(code)
    env = {"MLSERVICE_ESTIMATORS": "own=mine:Mine", "PYTHONPATH": str(tmp_path)}
    line = refused("up", "--port", "0", folder=tmp_path, env=env)
    assert line.startswith("mlservice: MLSERVICE_ESTIMATORS: ")
    assert why in line
    assert "SettingsError" not in line
    if "_exit" not in (code or ""):
        assert "'own'" in line or "own=mine:Mine" in line
    assert not (tmp_path / ".mlservice").exists()


@pytest.fixture
def nowhere() -> str:
    """The URL of a Redis that is not there."""
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.mark.parametrize("command", ["up --port 0", f"watch {0:032}-0", "dead list", "user list", "user remove ada"])
def test_no_redis(tmp_path: Path, nowhere: str, command: str) -> None:
    line = refused(*command.split(), folder=tmp_path, env={"REDIS_URL": nowhere})
    assert line.startswith("mlservice: ")
    assert "Redis" in line
    assert "refused" in line


def test_no_redis_for_the_client(nowhere: str) -> None:
    client = Client(nowhere)
    for ask in (
        lambda: client.train("m"),
        lambda: client.tasks(),
        lambda: client.handle(f"{0:032}-0").state,
        lambda: client.handle(f"{0:032}-0").cancel(),
        lambda: client.handle(f"{0:032}-0").result(timeout=1),
    ):
        with pytest.raises(Unavailable, match="the service's Redis does not answer, is the service running"):
            ask()
