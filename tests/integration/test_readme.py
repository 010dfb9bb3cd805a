"""The README's session works as it stands there."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.service import Service

README = Path(__file__).parents[2] / "README.md"


def session() -> str:
    """The shell block after the mark."""
    return README.read_text().split("<!-- session -->")[1].split("```sh\n")[1].split("```")[0]


def test_the_session_of_the_readme(service: Service, tmp_path: Path) -> None:
    (tmp_path / ".mlservice").symlink_to(service.home.root)
    script = session().replace("http://127.0.0.1:8080", service.url)
    assert service.url in script
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=90
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(part) for part in done.stdout.replace("}{", "}\n{").splitlines()]
    assert [set(answer) & {"fingerprint", "state", "predictions"} for answer in answers] == [
        {"fingerprint"},
        {"state"},
        {"predictions"},
    ]
    assert answers[1]["state"] == "succeeded"
    assert abs(answers[2]["predictions"][0] - 7.5) < 1
