"""`mlservice sources`, before any service runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.host.home import Home
from tests.commands import mlservice, said
from tests.postgresql import READER, PostgreSQL

FILE = """
[shop]
url = "{postgresql}"
tables = ["checked", "gone"]
any_sql = true

[days]
url = "file://{folder}/days.csv"

[lost]
url = "file://{folder}/lost.csv"
"""


@pytest.fixture
def home(tmp_path: Path, postgresql: PostgreSQL) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    postgresql.run("CREATE TABLE IF NOT EXISTS checked AS SELECT generate_series(1, 9) i")
    postgresql.run(f"GRANT SELECT ON checked TO {READER}")
    (tmp_path / "days.csv").write_text("x\n1\n2\n")
    path = home.secrets / "sources.toml"
    path.write_text(FILE.format(postgresql=postgresql.reader, folder=tmp_path))
    path.chmod(0o600)
    return home


def test_sources_are_listed(home: Home) -> None:
    assert said("sources", "list", home=home).splitlines() == [
        "days\tfiles\t-\t-",
        "lost\tfiles\t-\t-",
        "shop\tpostgresql\tchecked,gone\tany SQL",
    ]


def test_without_sources_it_is_said_where_they_are_named(tmp_path: Path) -> None:
    done = mlservice("sources", "check", home=Home(tmp_path / "home"))
    assert done.returncode == 1
    assert f"no sources are named: write {tmp_path}/home/secrets/sources.toml" in done.stderr


def test_what_sources_say_is_shown_to_who_runs_the_service(home: Home) -> None:
    done = mlservice("sources", "check", home=home)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "days: can be read"
    assert lines[1].startswith("lost: [Errno 2] No such file or directory")
    assert lines[2] == "shop table checked: can be read"
    assert 'relation "gone" does not exist' in lines[3]
    assert mlservice("sources", "check", "days", home=home).returncode == 0
    unknown = mlservice("sources", "check", "nosuch", home=home)
    assert unknown.returncode != 0
    assert "the sources are: days, lost, shop" in unknown.stderr
