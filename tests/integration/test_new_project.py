"""A project by `mlservice new` passes its own test, serves, and follows its code, as the how-to page says."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import sysconfig
import time
import venv
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from infra.cli import main
from tests import sessions
from tests.servers import Process

#: One installs, tests and serves a project; all of that takes long where much else is done.
pytestmark = pytest.mark.timeout(300)

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "new-project.md"
#: A notebook that could not be imported as it is.
CELLS: Final = ["%matplotlib inline\nimport absent_package", "def double(x):\n    return 2 * x", "raise SystemExit"]
#: Most commands from nothing to an estimate.
MOST_COMMANDS: Final = 10
#: How often an estimate is asked for while workers are replaced (seconds).
ASK_SECONDS: Final = 0.5
#: pip as a user calls it, which asks no network for anything.
PIP: Final = """\
#!/bin/sh
exec {python} -m pip "$@" -qq --no-deps --no-build-isolation --no-index {options}
"""
#: `mlservice` of an environment.
MLSERVICE: Final = """\
#!/bin/sh
exec {python} -m infra.cli "$@"
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """That of the user's shell, with a pip of the test's."""
    # Not into the environment of the tests.
    options = f"--target {shlex.quote(str(tmp_path / 'installed'))}"
    script(tmp_path / "bin" / "pip", PIP.format(python=shlex.quote(sys.executable), options=options))
    path = os.pathsep.join([str(tmp_path / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    # Where an installation in development would lead: to the project itself.
    python_path = os.pathsep.join([str(tmp_path / "rents"), str(tmp_path / "installed")])
    # One process of each is enough, and soon replaced.
    few = {f"MLSERVICE_{what}": "1" for what in ("TRAIN_PROCESSES", "ESTIMATE_PROCESSES", "GATEWAY_PROCESSES")}
    return {"PATH": path, "PYTHONPATH": python_path, "MLSERVICE_PORT": "0", "MLSERVICE_TRAIN_THREADS": "1", **few}


def script(file: Path, text: str) -> None:
    """Write a command."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)


def in_shell(commands: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What the commands write, none of which may fail."""
    script = "\n".join(commands)
    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def commands_of(session: str) -> list[str]:
    """The commands of a session, one a line."""
    return [line for step in sessions.steps(PAGE, session) for line in step.script.splitlines()]


def test_a_project_serves_and_follows_its_code(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    *before, serve = commands_of("project")
    assert serve == "mlservice dev"
    assert len(before) + 1 + len(commands_of("use")) <= MOST_COMMANDS
    assert "2 passed" in in_shell(before, tmp_path, environment)
    project = tmp_path / "rents"
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    sessions.run(sessions.steps(PAGE, "debugger"), url="", folder=project, seconds=60)
    with Process(serve.split(), output=tmp_path / "dev.log", env=environment, cwd=project, grace_seconds=30) as dev:
        dev.wait_for("is ready", seconds=60)
        url = json.loads((project / ".mlservice" / "run" / "service.json").read_text())["url"]
        (written,) = sessions.run(sessions.steps(PAGE, "use"), url=url, folder=project, seconds=60)
        rent = json.loads("{" + written.rpartition("}{")[2])["predictions"][0]
        assert 900 < rent < 1200
        follow(project / "rents" / "estimator.py", dev, url=url, rent=rent)
        os.killpg(dev.popen.pid, signal.SIGINT)
        dev.popen.wait(30)


def follow(file: Path, dev: Process, *, url: str, rent: float) -> None:
    """Change the code: an estimate follows, and one that cannot be imported changes nothing."""
    password = (file.parents[1] / ".mlservice" / "secrets" / "admin.password").read_text().strip()
    token = httpx.post(f"{url}/v1/token", auth=("admin", password)).raise_for_status().json()["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Prefer": "wait=60"}
    rows = {"rows": [{"area": 80, "district": "hill", "description": "quiet flat"}]}

    def ask() -> float:
        answer = httpx.post(f"{url}/v1/models/flats/estimate", json=rows, headers=headers, timeout=70)
        return float(answer.raise_for_status().json()["predictions"][0])

    code = file.read_text()
    file.write_text(code.replace('append(row["area"] *', 'append(2 * row["area"] *'))
    # All are answered meanwhile, by the old code or the new.
    until = time.monotonic() + 60
    while "the workers are new" not in dev.output and time.monotonic() < until:
        assert ask() in (rent, 2 * rent)
        time.sleep(ASK_SECONDS)
    assert ask() == 2 * rent
    file.write_text("no Python(")
    dev.wait_for("the workers go on as they were", seconds=30)
    assert "SyntaxError" in dev.output or "invalid syntax" in dev.output
    assert ask() == 2 * rent


@pytest.mark.long
def test_an_installation_in_development_is_found_as_it_is(tmp_path: Path) -> None:
    venv.create(tmp_path / "env", symlinks=True)
    site = tmp_path / "env" / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    # What the environment of the tests has, this one has, too.
    (site / "service.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    python = shlex.quote(str(tmp_path / "env" / "bin" / "python"))
    script(tmp_path / "env" / "bin" / "pip", PIP.format(python=python, options=""))
    script(tmp_path / "env" / "bin" / "mlservice", MLSERVICE.format(python=python))
    environment = {"PATH": os.pathsep.join([str(tmp_path / "env" / "bin"), os.environ["PATH"]])}
    *before, _ = commands_of("project")
    check = "mlservice check rents --data data/sample.csv --target rent"
    assert "It keeps the contract: " in in_shell([*before, check], tmp_path, environment)


@pytest.mark.parametrize("start", [pytest.param("sklearn", marks=pytest.mark.long), "notebook"])
def test_other_starts_learn_and_answer(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notebook = tmp_path / "rents.ipynb"
    notebook.write_text(json.dumps({"cells": [{"cell_type": "code", "source": cell} for cell in CELLS]}))
    more = ["--notebook", "rents.ipynb"] if start == "notebook" else []
    assert main(["new", f"by-{start}", "--from", start, *more]) == 0
    monkeypatch.syspath_prepend(tmp_path / f"by-{start}")
    names: dict[str, Any] = {"__file__": str(tmp_path / f"by-{start}" / "tests" / "test_estimator.py")}
    exec(Path(names["__file__"]).read_text(), names)
    names["test_a_larger_flat_costs_more"]()
