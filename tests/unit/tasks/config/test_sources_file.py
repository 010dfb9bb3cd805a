from __future__ import annotations

import re
from pathlib import Path

import pytest

from tasks.config.settings import Settings
from tasks.config.sources_file import DataSource, read_sources
from tasks.errors import SettingsError

WHOLE = """
[sales]
url = "postgresql://reader:s3cret@db.example.com/shop"
tables = ["visits", "archive.visits"]
queries.busy = "SELECT * FROM visits WHERE hour BETWEEN 8 AND 18"
timeout_seconds = 30

[wifi]
url = "sqlite:///data/wifi.db"
any_table = true

[clicks]
url = "s3://bucket/clicks/"
options = {key = "AKIA", secret = "s3cret"}
"""


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "sources.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_file_names_sources(tmp_path: Path) -> None:
    sources = read_sources(write(tmp_path, WHOLE))
    assert {name: source.kind for name, source in sources.items()} == {
        "sales": "postgresql",
        "wifi": "sqlite",
        "clicks": "files",
    }
    assert sources["sales"].queries["busy"].startswith("SELECT")
    assert "s3cret" not in repr(sources)
    assert "s3cret" not in repr(Settings(sources="a=s3://key:s3cret@bucket/a"))


def test_a_whole_path_may_have_four_slashes(tmp_path: Path) -> None:
    for url in ("sqlite:///data/wifi.db", "sqlite:////data/wifi.db"):
        sources = read_sources(write(tmp_path, f'[wifi]\nurl = "{url}"\nany_table = true\n'))
        assert sources["wifi"].path == "/data/wifi.db"


def test_what_the_how_to_shows_can_be_used(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs/how-to/data-sources.md").read_text()
    (shown,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    sources = read_sources(write(tmp_path, shown))
    assert sorted(source.kind for source in sources.values()) == ["files", "postgresql", "sqlite"]


def test_settings_have_the_sources_of_both_places_as_they_are_now(tmp_path: Path) -> None:
    settings = Settings.load({"MLSERVICE_SOURCES": "a=file:///a", "MLSERVICE_SOURCES_FILE": f"{tmp_path}/sources.toml"})
    assert settings.data_sources == {"a": DataSource(url="file:///a")}
    write(tmp_path, '[b]\nurl = "file:///b"')
    assert sorted(settings.data_sources) == ["a", "b"]
    write(tmp_path, '[a]\nurl = "file:///b"')
    with pytest.raises(SettingsError, match=r"\[a\] is in MLSERVICE_SOURCES too"):
        _ = settings.data_sources


@pytest.mark.parametrize("mode", [0o644, 0o604, 0o620, 0o666])
def test_a_file_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(SettingsError, match=f"has mode {mode:04o}.*chmod 600"):
        read_sources(write(tmp_path, WHOLE, mode))


def test_a_file_of_a_group_that_may_read_it_is_taken(tmp_path: Path) -> None:
    assert read_sources(write(tmp_path, WHOLE, 0o440))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[a]\nurl = "postgresql://u:s3cret', r"is not TOML \(at .*correct"),
        ("[a]\n", "Object missing required field `url`"),
        ('a = "s3cret"', r"\[a\]: Expected `object`, got `str`"),
        ('[a]\nurl = "file:///a"\npasword = "s3cret"', "unknown field `pasword`"),
        ('["a b"]\nurl = "file:///a"', "a source is called by"),
        ('[a]\nurl = "/data/a.csv"', "url must be a URL, such as file:///"),
        ('[a]\nurl = "file:///a"\ntables = ["x"]', "tables is for databases"),
        ('[a]\nurl = "postgresql://h/d"', "say what may be read"),
        ('[a]\nurl = "postgresql://h/d"\ntables = ["x"]\noptions = {a = 1}', "options are for files"),
        ('[a]\nurl = "sqlite://a.db"\ntables = ["x"]', "the whole path"),
        ('[a]\nurl = "postgresql://h/d"\ntables = ["x"]\ntimeout_seconds = 0', "timeout_seconds must be greater"),
        ('[a]\nurl = "postgresql://h/d"\nqueries = {"a b" = "SELECT 1"}', "a query is called by"),
    ],
)
def test_what_cannot_be_used_is_refused_without_its_values(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        read_sources(write(tmp_path, text))
    assert "s3cret" not in str(caught.value)
    assert str(tmp_path) in str(caught.value)
