"""What code made a version."""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tasks.learning.provenance import code_of, lineage_of, packages


def test_code_of_ours_is_of_our_package_and_others_of_theirs() -> None:
    ours = code_of("tasks.estimators.lightgbm:LightGBM")
    assert (ours.package, ours.version) == ("mlservice", metadata.version("mlservice"))
    theirs = code_of("msgspec.json:Decoder")
    assert (theirs.package, theirs.version) == ("msgspec", metadata.version("msgspec"))
    assert code_of("yaml:Loader").package == "PyYAML", "a package that is called otherwise"
    assert theirs.service == ours.service == metadata.version("mlservice")


def test_a_file_that_is_in_no_package_is_known_by_its_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "life_of_its_own.py"
    file.write_text("class Mine: ...\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    __import__("life_of_its_own")
    try:
        code = code_of("life_of_its_own:Mine")
    finally:
        del sys.modules["life_of_its_own"]
    assert (code.package, code.version) == ("", "")
    assert code.source == hashlib.sha256(file.read_bytes()).hexdigest()
    assert code_of("nowhere.at_all:Mine").source == ""


def test_a_direct_call_has_no_request() -> None:
    lineage = lineage_of("tasks.estimators.lightgbm:LightGBM", None)
    assert (lineage.who, lineage.request_id) == ("a direct call", "")
    assert lineage.packages == packages()
    assert packages()["lightgbm"] == metadata.version("lightgbm")
    assert all(packages().values())
