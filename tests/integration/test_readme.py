"""The README's sessions work as they stand there: with curl, from Python, with Celery alone."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import sessions
from tests.service import Service

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture
def checkout(service: Service, tmp_path: Path) -> Path:
    """A folder with an environment and the home of a running service, as after `make up`."""
    (tmp_path / ".mlservice").symlink_to(service.home.root)
    (tmp_path / ".venv").mkdir()
    (tmp_path / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
    return tmp_path


def test_the_sessions_of_the_readme(service: Service, checkout: Path) -> None:
    steps = sessions.steps(README, "use")
    assert sessions.DEFAULT_URL in steps[0].script
    written = sessions.run(steps, url=service.url, folder=checkout, seconds=90)
    answers = [json.loads(part) for part in "".join(written).replace("}{", "}\n{").splitlines()]
    assert [set(answer) & {"fingerprint", "state", "predictions"} for answer in answers] == [
        {"fingerprint"},
        {"state"},
        {"predictions"},
    ]
    assert answers[1]["state"] == "succeeded"
    assert abs(answers[2]["predictions"][0] - 7.5) < 1

    # Of the model that the first one made.
    (progress,) = sessions.run(sessions.steps(README, "python"), url=service.url, folder=checkout, seconds=60)
    assert "rmse" in progress.splitlines()[-1]
    _, written_by_celery = sessions.run(sessions.steps(README, "celery"), url=service.url, folder=checkout, seconds=60)
    predictions, version = map(json.loads, written_by_celery.splitlines())
    assert abs(predictions[0] - 7.5) < 1
    assert version == 4
