"""What `mlservice env` prints, read by a shell."""

from __future__ import annotations

import argparse
import subprocess
from pathlib import Path

import pytest

from infra.commands.environment import show
from infra.host.home import Home

NAMES = ("REDIS_URL", "MLSERVICE_BLOBS_URL", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home without a service."""
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def in_a_shell(home: Home, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """The variables, after a shell has read what is printed."""
    assert show(argparse.Namespace(home=home.root)) == 0
    lines = capsys.readouterr().out
    done = subprocess.run(["sh", "-ec", f"{lines}\nenv -0"], capture_output=True, text=True, check=True)
    told = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    return {name: told[name] for name in NAMES}


@pytest.mark.parametrize("folder", ["plain", 'it\'s a $(home) `of` "mine"'])
def test_a_socket_as_celery_takes_it(home: Home, capsys: pytest.CaptureFixture[str], folder: str) -> None:
    home.remember({"REDIS_URL": f"unix://u:p%40@/{folder}/s?db=0", "MLSERVICE_BLOBS_URL": f"file:///{folder}"})
    told = in_a_shell(home, capsys)
    celery = f"redis+socket://u:p%40@/{folder}/s?virtual_host=0"
    assert list(told.values()) == [f"unix://u:p%40@/{folder}/s?db=0", f"file:///{folder}", celery, celery]


def test_the_home_comes_before_what_an_earlier_one_has_left(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://of-another-home/0")
    home.remember({"REDIS_URL": "redis://of-this-one/0"})
    assert in_a_shell(home, capsys)["CELERY_BROKER_URL"] == "redis://of-this-one/0"
