"""Passwords of Redis that everybody may read."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.host.exposure import warn_of_exposure
from tasks.config.redis_file import REDIS_FILE
from tasks.config.settings import CONFIG


@pytest.mark.parametrize(("mode", "lines"), [(0o600, 0), (0o640, 0), (0o644, 1), (0o604, 1)])
def test_a_file_that_all_may_read_is_worth_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, mode: int, lines: int
) -> None:
    file = tmp_path / REDIS_FILE
    file.parent.mkdir(parents=True)
    file.write_text("REDIS_MASTER_PW=a\nREDIS_CELERY_PW=b\n")
    file.chmod(mode)
    warn_of_exposure({CONFIG: str(tmp_path)})
    assert len(caplog.messages) == lines
    assert all(f"chmod 600 {file}" in message for message in caplog.messages)
    # It is not read where the environment says where Redis is.
    caplog.clear()
    warn_of_exposure({CONFIG: str(tmp_path), "REDIS_URL": "redis://elsewhere"})
    assert caplog.messages == []


def test_without_the_file_there_is_nothing_to_say(caplog: pytest.LogCaptureFixture) -> None:
    warn_of_exposure({})
    assert caplog.messages == []
