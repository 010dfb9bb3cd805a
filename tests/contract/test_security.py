"""SECURITY.md names tests that there are."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_protection_names_its_tests() -> None:
    lines = (ROOT / "SECURITY.md").read_text().splitlines()
    rows = [line.split("|")[1:-1] for line in lines if line.startswith("| ")][1:]
    assert len(rows) > 15
    for what, whom, means, tests in rows:
        assert what.strip()
        assert whom.strip()
        assert means.strip()
        named = re.findall(r"`(tests/\S+)`", tests)
        assert named, what
        assert [name for name in named if not (ROOT / name).is_file()] == [], what
