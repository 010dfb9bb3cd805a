"""The README's session works as it stands there."""

from __future__ import annotations

import json
from pathlib import Path

from tests import sessions
from tests.service import Service

README = Path(__file__).parents[2] / "README.md"


def test_the_session_of_the_readme(service: Service, tmp_path: Path) -> None:
    (tmp_path / ".mlservice").symlink_to(service.home.root)
    steps = sessions.steps(README, "use")
    assert sessions.DEFAULT_URL in steps[0].script
    written = sessions.run(steps, url=service.url, folder=tmp_path, seconds=90)
    answers = [json.loads(part) for part in "".join(written).replace("}{", "}\n{").splitlines()]
    assert [set(answer) & {"fingerprint", "state", "predictions"} for answer in answers] == [
        {"fingerprint"},
        {"state"},
        {"predictions"},
    ]
    assert answers[1]["state"] == "succeeded"
    assert abs(answers[2]["predictions"][0] - 7.5) < 1
