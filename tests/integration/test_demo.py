"""`mlservice demo` as a user runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.demo import curl
from tests.needed import program
from tests.servers import Process
from tests.service import MLSERVICE, Service


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A folder for temporary files, with a path that is short enough for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="ml-"))
    yield folder
    shutil.rmtree(folder)


def demo(scratch: Path, output: Path, *arguments: str) -> Process:
    """The command, with what it writes in a file."""
    return Process([MLSERVICE, "demo", *arguments], output=output, env={"TMPDIR": str(scratch)}, grace_seconds=40)


def processes_of(scratch: Path) -> list[str]:
    """The command lines of all processes that were given this folder for temporary files, on Linux."""
    mark, found = f"\0TMPDIR={scratch}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # Programs have folders of their own in it.
            if mark in b"\0" + process.joinpath("environ").read_bytes():
                found.append(process.joinpath("cmdline").read_text().replace("\0", " "))
        except OSError:
            continue
    return found


def test_it_shows_everything_and_leaves_nothing(scratch: Path, tmp_path: Path) -> None:
    with demo(scratch, tmp_path / "out") as process:
        status = process.popen.wait(timeout=110)
        assert status == 0, process.output
        assert processes_of(scratch) == []
        assert list(scratch.iterdir()) == []
    text = process.output
    assert "\x1b" not in text
    for expected in (
        "init: binary",
        "init: regression",
        "worst perimeter",
        "better than",
        "bare Celery",
        "/flower/",
        "$URL/v1/models/houses/estimate",
        "All of it worked",
    ):
        assert expected in text


def test_ctrl_c_leaves_nothing(scratch: Path, tmp_path: Path) -> None:
    with demo(scratch, tmp_path / "out") as process:
        process.wait_for("The service answers at", seconds=60)
        process.popen.send_signal(signal.SIGINT)
        assert process.popen.wait(timeout=40) == 130
        assert processes_of(scratch) == []
        assert list(scratch.iterdir()) == []


def test_a_missing_file_is_said_in_one_line_before_anything_starts(scratch: Path, tmp_path: Path) -> None:
    with demo(scratch, tmp_path / "out", "--data", "/nowhere/t.csv", "--target", "y") as process:
        assert process.popen.wait(timeout=30) == 1
    assert process.output == "mlservice: /nowhere/t.csv cannot be read: no such file or directory\n"


def test_an_outside_redis_must_be_empty(scratch: Path, tmp_path: Path, service: Service) -> None:
    environment = {"TMPDIR": str(scratch), "REDIS_URL": service.redis_url}
    with Process([MLSERVICE, "demo"], output=tmp_path / "out", env=environment) as process:
        assert process.popen.wait(timeout=30) == 1
    assert "mlservice: the demonstration needs an empty database" in process.output
    assert list(scratch.iterdir()) == []
    assert service.http.get("/health/ready").status_code == 200


def test_the_curl_lines_work_as_they_are(service: Service, tmp_path: Path) -> None:
    program("curl", package="curl")
    lines = curl.of_houses(url=service.url, password=service.home.admin_password)
    done = subprocess.run(
        ["sh", "-euc", "\n".join(lines)],
        cwd=tmp_path,
        env={**os.environ, "no_proxy": "*"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    initialised, task, estimate = map(json.loads, done.stdout.splitlines())
    assert (initialised["rows"], initialised["problem"]) == (200, "regression")
    assert (task["kind"], task["state"]) == ("train", "succeeded")
    # 12.5 * 3 rooms + 2.75 * area 80
    assert estimate["predictions"][0] == pytest.approx(257.5, rel=0.1)
