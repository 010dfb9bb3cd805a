"""Tokens of services elsewhere are kept for their owner alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.host.tokens import CONFIG_HOME, Tokens
from tasks.errors import SettingsError, Unauthenticated

URL = "https://ml.example.org"


def tokens(folder: Path) -> Tokens:
    return Tokens({CONFIG_HOME: str(folder)})


def test_a_token_is_kept_for_each_service(tmp_path: Path) -> None:
    tokens(tmp_path).keep(URL, "one")
    tokens(tmp_path).keep("http://127.0.0.1:8080/", "two")
    assert (tokens(tmp_path).token(f"{URL}/"), tokens(tmp_path).token("http://127.0.0.1:8080")) == ("one", "two")
    tokens(tmp_path).forget(URL)
    with pytest.raises(Unauthenticated, match=URL):
        tokens(tmp_path).token(URL)


def test_others_cannot_read_it(tmp_path: Path) -> None:
    found = tokens(tmp_path)
    found.keep(URL, "one")
    assert (found.file.stat().st_mode & 0o777, found.file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    found.file.chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        found.token(URL)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    found = tokens(tmp_path)
    found.keep(URL, "one")
    found.file.write_text("{")
    with pytest.raises(SettingsError, match=r"tokens\.json"):
        found.token(URL)
