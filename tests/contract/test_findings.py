"""findings/ is whole: its table has every script, and whoever points at one points at one that there is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
FINDINGS = ROOT / "findings"
SCRIPTS = {path.name for path in FINDINGS.glob("*.sh")}
#: Text files that may point at a finding.
POINTERS = ("*.py", "*.md", "*.lua", "*.template")


def test_every_script_has_its_row_and_every_row_its_script() -> None:
    table = (FINDINGS / "README.md").read_text()
    rows = re.findall(r"^\| \[([a-z0-9-]+)\]\((.+?)\) \|", table, re.MULTILINE)
    assert [f"{name}.sh" for name, _ in rows] == [script for _, script in rows] == sorted(SCRIPTS)


def test_every_place_that_minds_a_finding_is_there() -> None:
    table = (FINDINGS / "README.md").read_text()
    places = set(re.findall(r"`([a-z_]+/[a-z0-9_./-]+\.[a-z]+)`", table))
    assert len(places) > 5
    assert [place for place in places if not (ROOT / place).is_file()] == []


def test_every_pointer_leads_to_a_script() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *POINTERS],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    texts = [(ROOT / name).read_text() for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    pointed = {name for text in texts for name in re.findall(r"findings/([a-z0-9-]+\.sh)", text)}
    assert pointed
    assert pointed <= SCRIPTS


def test_every_script_can_be_run_and_stands_alone() -> None:
    for name in SCRIPTS:
        text = (FINDINGS / name).read_text()
        assert os.access(FINDINGS / name, os.X_OK), name
        assert text.startswith("#!/usr/bin/env bash\n# "), name
        assert "\nset -euo pipefail\n" in text, name
        assert not re.search(r"^\s*(from|import) (tasks|gateway|infra|monitoring)\b", text, re.MULTILINE), name
