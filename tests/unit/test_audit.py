"""What is made of pip-audit's report."""

from __future__ import annotations

import json
from typing import Any

from tests.audit import judge

SOUND = {"name": "falcon", "version": "4.4.0", "vulns": []}
BAD = {"name": "redis", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": []}]}
UNKNOWN = {"name": "ours", "skip_reason": "not found"}


def said(*packages: dict[str, Any]) -> tuple[int, str]:
    return judge(json.dumps({"dependencies": packages, "fixes": []}), "")


def test_a_vulnerable_package_fails_the_audit() -> None:
    status, text = said(SOUND, BAD, UNKNOWN)
    assert status == 1
    assert text.splitlines()[0] == "redis 1.0: PYSEC-1; fixed in 1.1"
    assert text.splitlines()[-1] == "2 of 3 packages audited, 1 with a known vulnerability"


def test_sound_packages_pass() -> None:
    assert said(SOUND) == (0, "1 of 1 packages audited, 0 with a known vulnerability")


def test_an_audit_that_could_not_be_made_does_not_look_like_a_good_one() -> None:
    assert judge("", "Traceback\nConnectionError: no network") == (0, "audit skipped: ConnectionError: no network")
    status, text = said(UNKNOWN)
    assert (status, text.startswith("audit skipped")) == (0, True)
