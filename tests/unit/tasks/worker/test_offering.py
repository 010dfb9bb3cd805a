"""Workers say which estimators they have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.config.settings import Settings
from tasks.worker.offering import of_others, of_ours


def test_those_that_cannot_be_used_are_said_to_be_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "noisy_estimators.py").write_text(
        "from tests.unit.tasks.estimators.test_without_rows import Rule as Rule\nprint('imported')\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parents[4]}:{tmp_path}")
    paths = "good=noisy_estimators:Rule,gone=no_such_module_here:Rule,none=noisy_estimators:None_"
    settings = Settings(estimators=paths)
    assert not of_ours(settings).keys() & {"good", "gone", "none"}
    found = {name: json.loads(text) for name, text in (of_ours(settings) | of_others(settings)).items()}
    assert found["lightgbm"]["params_schema"]["properties"]["num_leaves"]["minimum"] == 2
    assert found["good"]["about"] == "Says of a text whether it is long."
    assert found["good"]["columns"] == {"text": "text", "level": "category"}
    assert "No module named 'no_such_module_here'" in found["gone"]["error"]
    assert found["none"]["error"]
