"""Data that an operator names, read by workers: over HTTP, from the file of sources of a running service's home."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import redis

from gateway.identity.accounts import Accounts
from tests.postgresql import PASSWORD, READER, PostgreSQL
from tests.servers import eventually
from tests.service import Service

ROWS = 40
FILE = """
[shop]
url = "{postgresql}"
tables = ["prices", "gone"]
queries.cheap = "SELECT * FROM prices WHERE price < 30"

[wifi]
url = "sqlite://{folder}/wifi.db"
tables = ["prices"]

[days]
url = "file://{folder}/days"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sources")
    with closing(sqlite3.connect(folder / "wifi.db")) as database:
        database.execute("CREATE TABLE prices (area INTEGER, price REAL)")
        database.executemany("INSERT INTO prices VALUES (?, ?)", [(area, 2.0 * area) for area in range(ROWS)])
        database.commit()
    for day in (1, 2):
        path = folder / f"days/day={day}/part.csv"
        path.parent.mkdir(parents=True)
        path.write_text("area,price\n" + "".join(f"{area},{area * day}\n" for area in range(ROWS)))
    return folder


@pytest.fixture(scope="module")
def sources(service: Service, postgresql: PostgreSQL, folder: Path) -> Iterator[Path]:
    """The file, written while the service runs."""
    postgresql.run(
        f"CREATE TABLE prices AS SELECT i AS area, (2.5 * i)::numeric(10,2) AS price FROM generate_series(1, {ROWS}) i",
        f"GRANT SELECT ON prices TO {READER}",
    )
    path = service.home.secrets / "sources.toml"
    path.write_text(FILE.format(postgresql=postgresql.reader, folder=folder))
    path.chmod(0o600)
    yield path
    path.unlink()


def logs(service: Service) -> str:
    """All that the service's programs have logged."""
    return "".join(path.read_text(errors="replace") for path in service.home.logs.iterdir())


def init(service: Service, model: str, **body: Any) -> httpx.Response:
    headers = {"Prefer": "wait=60"}
    return service.http.post(f"/v1/models/{model}/init", json={"target": "price", **body}, headers=headers)


def test_sources_are_listed_without_where_they_are(service: Service, sources: Path) -> None:
    listed = service.http.get("/v1/sources").raise_for_status()
    none: dict[str, Any] = {"tables": [], "queries": [], "any_table": False, "any_sql": False}
    assert listed.json()["sources"] == [
        {"name": "days", "kind": "files", **none},
        {"name": "shop", "kind": "postgresql", **none, "tables": ["gone", "prices"], "queries": ["cheap"]},
        {"name": "wifi", "kind": "sqlite", **none, "tables": ["prices"]},
    ]
    with redis.Redis.from_url(service.redis_url) as client:
        Accounts(client).add("sources-reader", password="right-enough", scopes=["estimate"])
        Accounts(client).add("sources-init", password="right-enough", scopes=["init:some"])
    for name, shown in (("sources-reader", 0), ("sources-init", 3)):
        token = httpx.post(f"{service.url}/v1/token", auth=(name, "right-enough")).json()["access_token"]
        found = httpx.get(f"{service.url}/v1/sources", headers={"Authorization": f"Bearer {token}"})
        assert len(found.json()["sources"]) == shown


def test_a_model_learns_from_each_kind_of_source(service: Service, sources: Path) -> None:
    for model, body, rows in (
        ("from-table", {"source": "shop", "table": "prices"}, ROWS),
        ("from-query", {"source": "shop", "query": "cheap"}, 11),
        ("from-sqlite", {"source": "wifi"}, ROWS),
        ("from-folder", {"source": "days"}, 2 * ROWS),
    ):
        answer = init(service, model, **body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["rows"] == rows
        assert answer.json()["problem"] == "regression"
    assert [column["name"] for column in answer.json()["columns"]] == ["area", "day"]
    snapshots = {
        model: service.http.get(f"/v1/models/{model}").json()["snapshot"]["source"]
        for model in ("from-table", "from-query", "from-sqlite")
    }
    assert snapshots == {"from-table": "shop table prices", "from-query": "shop query cheap", "from-sqlite": "wifi"}
    assert service.train("from-table", params={"num_iterations": 5}).status_code == 200
    assert service.http.post(
        "/v1/models/from-table/estimate", json={"rows": [[7]]}, headers={"Prefer": "wait=20"}
    ).json()


def test_what_a_source_cannot_give_is_said_and_nothing_changes(service: Service, sources: Path) -> None:
    assert init(service, "kept", source="wifi").status_code == 200
    before = service.http.get("/v1/models/kept").json()
    for body, pointer, said in (
        ({"source": "shop"}, "/source", "say what of the source 'shop'"),
        ({"source": "shop", "table": "gone"}, "/table", "has no such table or view now"),
        ({"source": "shop", "table": "pg_user"}, "/table", "there is table gone, prices or query cheap"),
        ({"source": "shop", "sql": "SELECT 1 AS price"}, "/sql", "takes no SQL"),
        ({"source": "nosuch"}, "/source", "the sources are: days, shop, wifi"),
    ):
        answer = init(service, "kept", **body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["pointer"] == pointer
        assert said in answer.json()["detail"]
    assert service.http.get("/v1/models/kept").json() == before


def test_a_file_that_others_may_read_is_not_used(service: Service, sources: Path) -> None:
    sources.chmod(0o644)
    try:
        for answer in (service.http.get("/v1/sources"), init(service, "kept", source="wifi")):
            assert answer.status_code == 500
            assert "cannot be used now; the log" in answer.json()["detail"]
            assert str(sources) not in answer.text
    finally:
        sources.chmod(0o600)
    eventually(lambda: "chmod 600" in (service.home.logs / "gateway.log").read_text(), what="the word of the log")


def test_a_database_that_is_away_is_waited_for(service: Service, sources: Path, postgresql: PostgreSQL) -> None:
    text = sources.read_text()
    folder = quote(str(postgresql.folder), safe="")
    assert folder in text
    try:
        sources.write_text(text.replace(folder, f"{folder}-away"))
        body = {"target": "price", "source": "shop", "table": "prices"}
        accepted = service.http.post("/v1/models/patient/init", json=body).raise_for_status()
        eventually(lambda: "'shop' cannot be read: OperationalError" in logs(service), seconds=20, what="a first try")
    finally:
        sources.write_text(text)
    result = service.http.get(f"{accepted.headers['Location']}/result", headers={"Prefer": "wait=40"})
    assert result.status_code == 200, result.text
    assert result.json()["rows"] == ROWS


def test_no_password_is_told_anywhere(service: Service, sources: Path, postgresql: PostgreSQL) -> None:
    """After all that the tests above did, with the password right and wrong."""
    text = sources.read_text()
    try:
        sources.write_text(text.replace(PASSWORD, f"wrong-{PASSWORD}"))
        answer = init(service, "kept", source="shop", table="prices")
        assert answer.status_code == 422, answer.text
        assert "'shop' does not let the service in" in answer.json()["detail"]
    finally:
        sources.write_text(text)
    written = logs(service)
    assert "'shop' cannot be read" in written, "a log says that it was refused"
    with redis.Redis.from_url(service.redis_url) as client:
        kept = b"".join(filter(None, (client.dump(key) for key in client.scan_iter())))
    secret = re.compile("|".join(map(re.escape, (PASSWORD, str(postgresql.folder), f"user={READER}"))))
    places = {"logs": written, "Redis": kept.decode(errors="replace"), "the answer": answer.text}
    for name, log in places.items():
        assert not secret.search(log), name
