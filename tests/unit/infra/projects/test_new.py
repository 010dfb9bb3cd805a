"""`mlservice new`: what it writes, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from infra.cli import main
from infra.projects.naming import naming
from tasks.errors import InvalidField

RUFF = Path(sys.executable).parent / "ruff"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_names_of_a_project() -> None:
    names = naming("churn-model2")
    assert (names.project, names.package, names.estimator) == ("churn-model2", "churn_model2", "ChurnModel2")


@pytest.mark.parametrize(
    "name",
    ["", "Rents", "2rents", "rents-", "re nts", "../rents", "r" * 41, "class", "json", "tests", "lightgbm", "numpy"],
)
def test_names_that_cannot_be_are_refused(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidField, match=r"give another|such as churn-model"):
        naming(name)
    assert main(["new", "--", name]) == 1
    assert "mlservice:" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_a_project_is_written_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "rents"]) == 0
    assert "cd rents" in capsys.readouterr().out
    project = folder / "rents"
    assert {str(path.relative_to(project)) for path in project.rglob("*") if path.is_file()} == {
        *(".gitignore", "README.md", "pyproject.toml", "data/sample.csv", "tests/test_estimator.py"),
        *("rents/__init__.py", "rents/estimator.py"),
    }
    assert len((project / "README.md").read_text().splitlines()) <= 10
    points = tomllib.loads((project / "pyproject.toml").read_text())["project"]["entry-points"]
    assert points == {"mlservice.estimators": {"rents": "rents.estimator:Rents"}}
    assert main(["new", "rents"]) == 1
    assert "rents is there already" in capsys.readouterr().err


@pytest.mark.parametrize("start", ["function", "sklearn", "notebook"])
def test_what_is_written_is_as_linters_want_it(start: str, folder: Path) -> None:
    (folder / "some.ipynb").write_text('{"cells": [{"cell_type": "code", "source": "x=1"}]}')
    more = ["--notebook", "some.ipynb"] if start == "notebook" else []
    assert main(["new", "rents", "--from", start, *more]) == 0
    # What a notebook had is its writer's affair.
    (folder / "rents" / "rents" / "notebook.py").unlink(missing_ok=True)
    for command in (["check", "--select", "E,F,I,B,UP,ANN001"], ["format", "--check"]):
        done = subprocess.run([RUFF, *command, "--isolated"], cwd=folder / "rents", capture_output=True, text=True)
        assert done.returncode == 0, done.stdout


def test_a_notebook_needs_its_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "rents", "--from", "notebook"]) == 1
    assert "--notebook FILE" in capsys.readouterr().err
    assert main(["new", "rents", "--notebook", "nowhere.ipynb"]) == 1
    assert "there is no notebook nowhere.ipynb" in capsys.readouterr().err
    assert list(folder.iterdir()) == []
