"""The unit of systemd that `mlservice systemd-unit` prints."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from infra.host.home import Home
from tests.commands import mlservice, said
from tests.needed import program


def test_systemd_finds_nothing_wrong(tmp_path: Path) -> None:
    unit = tmp_path / "mlservice.service"
    unit.write_text(said("systemd-unit", "--user", "root", home=Home(tmp_path / "home")))
    text = unit.read_text()
    assert f"ExecStart={Path(sys.executable).with_name('mlservice')} up --home {tmp_path / 'home'}\n" in text
    assert "Type=notify\n" in text
    analyze = program("systemd-analyze", package="systemd")
    done = subprocess.run([analyze, "verify", str(unit)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.count("mlservice.service")) == (0, 0), done.stderr


def test_what_a_unit_cannot_name_is_refused(tmp_path: Path) -> None:
    done = mlservice("systemd-unit", home=Home(tmp_path / "100% mine"))
    assert (done.returncode, "takes for something else" in done.stderr) == (1, True)
