"""Which files `mlservice dev` looks at, and when they have changed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra.supervision.code_files import changed, code_of, seen_of
from infra.supervision.dev import Renewing
from tasks.errors import SettingsError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package and a module that can be imported."""
    folder = tmp_path / "some_flats"
    (folder / "__pycache__").mkdir(parents=True)
    for name in ("__init__.py", "estimator.py", "words.json", ".hidden", "estimator.py~", "__pycache__/x.pyc"):
        (folder / name).touch()
    (tmp_path / "single_flat.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    return folder


def test_sources_are_those_of_other_packages(package: Path) -> None:
    paths = ["some_flats.estimator:Flats", "single_flat:Flat", "tasks.estimators.lightgbm:LightGBM", "absent.x:Y"]
    assert code_of(paths) == [package, package.parent / "single_flat.py"]


def test_changed_new_and_removed_files_are_seen(package: Path) -> None:
    before = seen_of([package])
    assert {path.name for path in before} == {"__init__.py", "estimator.py", "words.json"}
    assert changed(before, seen_of([package])) == []
    os.utime(package / "words.json", ns=(1, 1))
    (package / "estimator.py").unlink()
    (package / "more.py").touch()
    found = changed(before, seen_of([package]))
    assert [path.name for path in found] == ["estimator.py", "more.py", "words.json"]


def test_dev_needs_an_estimator_to_look_at(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="mlservice new"):
        Renewing({"SOCKETS_DIR": str(tmp_path)})
