"""What is made of pip-audit's report."""

from __future__ import annotations

import json
from typing import Any

import pytest

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
    for reason in (
        "requests.exceptions.ConnectionError: HTTPSConnectionPool(host='index.example', port=443): Max retries",
        "requests.exceptions.ProxyError: HTTPSConnectionPool(host='index.example', port=443): Max retries exceeded",
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed",
    ):
        tip = "ERROR:pip_audit._cli:Tip: your network may be blocking this service."
        assert judge("", f"Traceback\n{reason}") == (0, f"audit skipped: {reason}")
        assert judge("", f"{reason}\n{tip}") == (0, f"audit skipped: {reason}")
    status, text = said(UNKNOWN)
    assert (status, text.startswith("audit skipped")) == (0, True)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "ERROR:pip_audit._cli:invalid requirements input: constraints.txt",
        "Traceback\nrequests.exceptions.SSLError: certificate verify failed",
        "Traceback\npip_audit._service.interface.ServiceError",
        "No module named pip_audit",
    ],
)
def test_an_audit_that_failed_otherwise_fails(said: str) -> None:
    status, text = judge("", said)
    assert status == 1
    assert text == f"audit failed: {said.splitlines()[-1] if said else 'pip-audit said nothing'}"
