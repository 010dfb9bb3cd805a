"""The data of the embedded Valkey after a power cut, and after another damage."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from infra.host.home import Home
from infra.redis_server.append_only import current
from tests.commands import mlservice
from tests.service import MLSERVICE, Service

ROWS: Final = {"rows": [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]}
#: A command that was not written whole.
HALF: Final = b"*3\r\n$3\r\nSET\r\n$9\r\nml:broken\r\n$100\r\nabc"


@pytest.fixture(scope="module")
def stopped() -> Iterator[Service]:
    """A service with the model `m`, whose processes have ended."""
    with Service() as service:
        assert service.init("m", ROWS, target="y").status_code == 200
        assert service.train("m", params={"num_iterations": 5}).status_code == 200
        stop(service)
        yield service


def stop(service: Service) -> None:
    service.popen.terminate()
    service.popen.wait(timeout=40)


def written(service: Service) -> Path:
    """The file to which Valkey wrote last."""
    path = current(service.home.redis)
    assert path
    return path


def last_command(content: bytes) -> int:
    """Where the last command in such a file begins."""
    return content.rindex(b"\r\n*") + 2


def add(path: Path, content: bytes) -> None:
    with path.open("ab") as file:
        file.write(content)


def repair(service: Service, *options: str) -> subprocess.CompletedProcess[str]:
    return mlservice("repair", *options, home=service.home)


def start(service: Service) -> subprocess.CompletedProcess[str]:
    """`mlservice up` where it must not come up."""
    command = [str(MLSERVICE), "up", "--home", str(service.home.root), "--port", "0"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "tail",
    [
        HALF + b"\0" * 5000,
        pytest.param(b"\0" * 4096, marks=pytest.mark.long),
        pytest.param(HALF, marks=pytest.mark.long),
    ],
    ids=["both", "zeros", "half"],
)
def test_a_home_starts_after_a_power_cut(stopped: Service, tail: bytes) -> None:
    left = stopped.home.temporary / "left"
    left.touch()
    path = written(stopped)
    size = path.stat().st_size
    add(path, tail)
    before = set((stopped.home.redis / "damaged").glob("*"))
    stopped.start_again()
    assert not left.exists(), "what processes had there is of no use to anybody"
    assert repair(stopped).returncode == 1, "it runs"
    assert stopped.estimate("m", {"rows": [[1, 2]]}).status_code == 200
    stop(stopped)
    (kept,) = set((stopped.home.redis / "damaged").glob("*")) - before
    assert kept.read_bytes() == tail
    for said in (stopped.output, (stopped.home.logs / "valkey.log").read_text()):
        assert f"from byte {size:,} on; cut, and kept in {kept}" in said


def test_other_damage_is_mended_by_hand(stopped: Service) -> None:
    path = written(stopped)
    content = path.read_bytes()
    size = last_command(content)
    path.write_bytes(content[:size] + b"no command" + content[size:])

    refused = start(stopped)
    assert refused.returncode == 1
    assert "`mlservice repair` says what can be saved" in refused.stderr
    asked = repair(stopped)
    assert asked.returncode == 1
    assert f"10 of {len(content) + 10:,} bytes cannot be read, from byte {size:,} on" in asked.stderr
    assert "--skip  leaves out 10 bytes" in asked.stderr
    assert f"--cut   leaves out {len(content) + 10 - size:,} bytes" in asked.stderr
    assert path.read_bytes() == content[:size] + b"no command" + content[size:]

    done = repair(stopped, "--skip")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == content
    assert repair(stopped).stdout == "nothing is damaged\n"


def test_damage_that_only_valkey_sees_says_what_helps(stopped: Service) -> None:
    """A command that it does not know reads well."""
    path = written(stopped)
    content = path.read_bytes()
    add(path, b"*1\r\n$5\r\nWRONG\r\n")
    refused = start(stopped)
    assert refused.returncode == 1
    assert "known command 'WRONG'" in refused.stderr
    assert "`mlservice repair` says what can be saved" in refused.stderr
    path.write_bytes(content)


def test_a_damaged_snapshot_is_told(stopped: Service) -> None:
    path = stopped.home.redis / "appendonlydir" / "appendonly.aof.1.base.rdb"
    content = path.read_bytes()
    path.write_bytes(content[:20] + bytes([content[20] ^ 255]) + content[21:])
    done = repair(stopped, "--cut")
    assert done.returncode == 1
    assert f"{path.name} is damaged and cannot be mended: restore a backup" in done.stderr
    path.write_bytes(content)
    assert repair(stopped).returncode == 0


def test_without_data_there_is_nothing_to_repair(tmp_path: Path) -> None:
    done = mlservice("repair", home=Home(tmp_path))
    assert done.returncode == 1
    assert "has no data of an embedded Valkey" in done.stderr
