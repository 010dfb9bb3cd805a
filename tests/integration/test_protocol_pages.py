"""The sessions of the page on other protocols work as they stand there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

from tests import sessions
from tests.service import Service

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "other-protocols.md"
#: The model of the page.
ROWS: Final = [{"a": a + 0.5, "b": b, "y": a + b + 0.75} for a in range(20) for b in range(20)]


def test_the_sessions_of_the_page(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service.init("sums", {"rows": ROWS}, target="y").status_code == 200
    assert service.train("sums").status_code == 200
    monkeypatch.setenv("TOKEN", service.token())
    for name in ("inference", "invocations"):
        steps = sessions.steps(PAGE, name)
        written = sessions.run(steps, url=service.url, folder=tmp_path, seconds=60)
        assert sessions.check_shown(steps, written) == 1
        answer = json.loads(written[0])
        found = answer["outputs"][0]["data"] if name == "inference" else answer["predictions"]
        assert found[0] == pytest.approx(7.75, abs=1.5)
