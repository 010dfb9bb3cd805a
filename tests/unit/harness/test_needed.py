"""What a test needs and the machine lacks: skipped on a laptop, failed in CI."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.needed import CI, program

RUN = Path(__file__).parents[3] / ".ci" / "run"


def test_a_laptop_skips_and_ci_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    assert program("no-such-program", "sh", package="dash") == shutil.which("sh")
    monkeypatch.delenv(CI, raising=False)
    with pytest.raises(pytest.skip.Exception, match="apt-get install nothing"):
        program("no-such-program", package="nothing")
    monkeypatch.setenv(CI, "1")
    with pytest.raises(pytest.fail.Exception, match="apt-get install nothing"):
        program("no-such-program", package="nothing")


def test_ci_says_that_it_is_ci() -> None:
    assert f"export {CI}=1" in RUN.read_text().splitlines()
