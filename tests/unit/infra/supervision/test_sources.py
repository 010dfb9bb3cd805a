from __future__ import annotations

from pathlib import Path

import pytest

from infra.host.home import SOURCES_FILE, Home
from infra.supervision.sources import check_sources
from tasks.config.settings import Settings
from tasks.errors import SettingsError


def check(home: Home, environ: dict[str, str]) -> None:
    check_sources(Settings.load({**environ, **home.naming_sources(environ)}), environ)


def test_a_home_may_have_a_file_of_sources(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.secrets.mkdir()
    check(home, {})
    path = home.secrets / "sources.toml"
    path.write_text('[a]\nurl = "file:///a.csv"\n')
    with pytest.raises(SettingsError, match="chmod 600"):
        check(home, {})
    path.chmod(0o600)
    check(home, {"MLSERVICE_DEFAULT_SOURCE": "a", "MLSERVICE_DEFAULT_TARGET": "y"})
    path.write_text("[a]\n")
    with pytest.raises(SettingsError, match=r"sources\.toml, \[a\]: .*`url`"):
        check(home, {})


def test_a_file_of_sources_that_is_named_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ = {SOURCES_FILE: "mine.toml"}
    # The programs of the service run in other folders.
    assert Home(tmp_path).naming_sources(environ) == {SOURCES_FILE: f"{tmp_path}/mine.toml"}
    with pytest.raises(SettingsError, match=r"mine\.toml is no file"):
        check(Home(tmp_path), environ)
