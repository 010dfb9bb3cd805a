"""`mlservice check` in processes of its own: what only they can find, and what ends them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from infra.cli import main
from tasks.conformance.remarks import Check, Findings
from tasks.conformance.request import Request
from tasks.conformance.running import run
from tasks.conformance.showing import UNSEEN

ROOT = Path(__file__).parents[2]
#: With what the processes find the planted estimators.
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A table whose target grows with the first column. Text, for which scikit-learn is imported, it has none."""
    file = tmp_path / "table.csv"
    file.write_text("\n".join(["x,y", *(f"{row},{3 * row + (row % 7) * 5}" for row in range(150))]))
    return file


def checked(name: str, data: Path, *, module: str = "planted", **more: Any) -> dict[str, Check]:
    """What is found of a planted estimator, by check."""
    request = Request(path=f"tests.{module}:{name}", data=str(data), target="y", **more)
    return {check.name: check for check in run(request, ENVIRONMENT).checks}


def faults(found: Mapping[str, Check]) -> dict[str, str]:
    """The faults in words, by check."""
    return {
        check.name: remark.message for check in found.values() for remark in check.remarks if remark.severity == "fault"
    }


@pytest.mark.long
def test_the_built_in_estimator_passes(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    command = ["check", "lightgbm", "--data", str(data), "--target", "y", "--json"]
    assert main([*command, "--params", '{"num_iterations": 20}']) == 0
    checks = msgspec.json.decode(capsys.readouterr().out, type=Findings).checks
    assert {check.name: check.verdict for check in checks if check.verdict != "ok"} == {}
    assert {"import", "fit", "a fresh process", "fork", "speed"} <= {check.name for check in checks}


def test_what_shows_between_processes_only_is_found(data: Path, tmp_path: Path) -> None:
    found = faults(
        checked("Speaking", data, module="planted_speaking", params={"folder": str(tmp_path)}, fork_seconds=2.0)
    )
    assert found.keys() == {"import", "fit", "a fresh process", "fork"}
    assert "127.0.0.1" in found["import"]
    assert str(tmp_path / "written.txt") in found["fit"]
    assert "in a fresh process" in found["a fresh process"]
    assert found["fork"] == "a forked process did not answer within 2 s"


@pytest.mark.parametrize(
    ("name", "more", "check", "said"),
    [
        ("Ending", {}, "the answer", "ended with status 3"),
        ("Endless", {"seconds": 5.0}, None, "did not end within 5 s"),
    ],
)
def test_what_cannot_be_gone_on_with_is_said(
    data: Path, name: str, more: dict[str, Any], check: str | None, said: str
) -> None:
    found = faults(checked(name, data, **more))
    (where, message), *others = found.items()
    assert others == []
    assert where == check or check is None
    assert said in message


def test_what_is_found_is_printed(
    data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert main(["check", "tests.planted:Unfinished", "--data", str(data), "--target", "y"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["FAULT", "import"]
    assert "abstract method" in lines[1] + lines[2]
    assert any(line.strip().startswith("-> ") for line in lines)
    assert lines[-2:] == ["1 of 1 checks found a fault, 0 gave a warning.", UNSEEN]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no_class", "--data", "{data}", "--target", "y"], "write package.module:Class"),
        (["a.b:C", "--data", "nowhere.csv", "--target", "y"], "there is no file nowhere.csv"),
        (["a.b:C", "--data", "{data}", "--target", "y", "--params", "[]"], "--params is no JSON object"),
        (["lightgbm", "--data", "{data}"], "--data and --target belong together"),
        (["a.b:C", "--data", "{data}", "--target", "y", "--rows", "3"], "--rows must be at least 20"),
    ],
)
def test_arguments_that_cannot_be_are_refused(
    data: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", *(argument.format(data=data) for argument in arguments)]) == 1
    assert said in capsys.readouterr().err
