"""Which service is meant: by the environment, a home, a file, or by nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.config.home import DEFAULT_HOME, REMEMBERED, find
from tasks.errors import Unavailable


def start(home: Path, url: str) -> dict[str, str]:
    """A home in which a service was started; the environment that names it."""
    (home / REMEMBERED).parent.mkdir(parents=True)
    (home / REMEMBERED).write_text(json.dumps({"REDIS_URL": url, "MLSERVICE_BLOBS_URL": "file:///there"}))
    return {"MLSERVICE_HOME": str(home)}


def test_what_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    start(tmp_path / DEFAULT_HOME, "redis://here/0")
    named = start(tmp_path / "named", "redis://named/0")
    both = {**named, "REDIS_URL": "redis://environment/0"}
    assert find(environ={}).redis_url == "redis://here/0"
    assert find(environ=named).redis_url == "redis://named/0"
    assert find(environ=both).redis_url == "redis://environment/0"
    assert find("redis://given/0", both).redis_url == "redis://given/0"
    assert find(environ=named).blobs_url == "file:///there"


def test_nothing_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Unavailable, match=r"no service was started in \.mlservice: .* set REDIS_URL"):
        find(environ={})
