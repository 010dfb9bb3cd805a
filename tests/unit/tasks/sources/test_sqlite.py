from __future__ import annotations

import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tasks.config.sources_file import DataSource
from tasks.errors import BodyTooLarge, InvalidField, SettingsError, Unavailable
from tasks.sources.asked import Asked
from tasks.sources.reading import read_source
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.reading.result import Reading

#: More rows than the driver looks at.
MANY = 3000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a ?#%.db"


def make(path: Path, *statements: str, rows: list[tuple[Any, ...]] | None = None) -> None:
    with closing(sqlite3.connect(path)) as database:
        for statement in statements:
            database.execute(statement)
        if rows:
            database.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0]))})", rows)
        database.commit()


def read(path: Path, bounds: Bounds = UNBOUNDED, *, asked: Any = None, **allowed: Any) -> Reading:
    source = DataSource(url=f"sqlite://{path}", **(allowed or {"tables": ["t"]}))
    return read_source({"wifi": source}, Asked(source="wifi", **asked or {}), bounds)


@pytest.mark.parametrize(
    ("declared", "late", "kind"),
    [
        ("REAL", 1.5, "double"),
        ("INTEGER", 7, "int64"),
        ("TEXT", "late", "string"),
        ("BLOB", b"\xff", "binary"),
        ("BLOB", b"utf-8", "string"),
        ("", "text", "string"),
    ],
)
def test_a_column_may_begin_with_nothing(path: Path, declared: str, late: Any, kind: str) -> None:
    make(path, f"CREATE TABLE t (a {declared})", rows=[(None,)] * MANY + [(late,)])
    column = read(path).table.column("a")
    assert str(column.type) == kind
    assert column.null_count == MANY
    assert column[-1].as_py() == (late.decode() if late == b"utf-8" else late)


@pytest.mark.parametrize(
    ("values", "read_as", "mixed"),
    [
        ([1, 2.5], [1.0, 2.5], False),
        ([1, "n/a", 2.5], ["1", "n/a", "2.5"], True),
        ([2, b"x", "text"], ["2", "x", "text"], True),
        ([b"\xff", "text"], [b"\xff", b"text"], True),
        ([2**62, 3], [2**62, 3], False),
    ],
)
def test_a_column_may_hold_several_types(path: Path, values: list[Any], read_as: list[Any], mixed: bool) -> None:
    make(path, "CREATE TABLE t (a)", rows=[(values[0],)] * MANY + [(value,) for value in values])
    reading = read(path)
    assert reading.table.column("a").to_pylist()[MANY:] == read_as
    assert [found.column for found in reading.findings] == ["a"] * mixed


def test_an_empty_table_has_its_columns(path: Path) -> None:
    make(path, "CREATE TABLE t (a REAL, b TEXT)")
    table = read(path).table
    assert table.num_rows == 0
    assert [str(kind) for kind in table.schema.types] == ["null", "null"]


def test_queries_and_views_are_read(path: Path) -> None:
    make(
        path,
        "CREATE TABLE t (a INTEGER, b TEXT)",
        "CREATE VIEW sums AS SELECT b, sum(a) AS total FROM t GROUP BY b",
        rows=[(1, "x"), (2, "x"), (3, "y")],
    )
    rows = [{"b": "x", "total": 3}, {"b": "y", "total": 3}]
    assert read(path, tables=["sums"]).table.to_pylist() == rows
    assert read(path, queries={"q": "WITH s AS (SELECT * FROM sums) SELECT * FROM s -- all"}).table.to_pylist() == rows
    assert read(path, asked={"table": "t"}, any_table=True).table.num_rows == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"sql": "DELETE FROM t"}, "refuses the SQL"),
        ({"sql": "SELECT 1; DELETE FROM t"}, "refuses the SQL"),
        ({"sql": "SELECT 1) DELETE FROM t /*"}, "refuses the SQL"),
        ({"sql": "ATTACH '/etc/passwd' AS x"}, "refuses the SQL"),
        ({"sql": "SELECT * FROM pragma_database_list"}, "refuses the SQL"),
        ({"sql": "SELECT nosuch FROM t"}, "no such column: nosuch"),
        ({"table": "gone"}, "no such table or view now"),
        ({"table": "sqlite_master"}, "has no table"),
    ],
)
def test_what_is_no_reading_is_refused(path: Path, asked: dict[str, str], said: str) -> None:
    make(path, "CREATE TABLE t (a INTEGER)", rows=[(1,)])
    with pytest.raises(InvalidField, match=said) as caught:
        read(path, asked=asked, any_sql=True, any_table=True)
    assert caught.value.pointer == f"/{next(iter(asked))}"
    assert str(path) not in str(caught.value)
    assert read(path).table.num_rows == 1


def test_what_is_no_database_is_said_so_without_its_path(path: Path) -> None:
    with pytest.raises(Unavailable, match=r"^the source 'wifi' cannot be reached") as caught:
        read(path)
    assert str(path) not in str(caught.value)
    path.write_text("not a database, whatever its name says " * 100)
    with pytest.raises(InvalidField, match="is no database of SQLite"):
        read(path)


def test_an_endless_query_ends_in_time(path: Path) -> None:
    make(path, "CREATE TABLE t (a)")
    endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
    began = time.monotonic()
    with pytest.raises(InvalidField, match=r"longer than 0\.2 s"):
        read(path, queries={"all": endless}, timeout_seconds=0.2)
    assert time.monotonic() - began < 10


def test_a_table_past_the_bounds_is_refused(path: Path) -> None:
    make(path, "CREATE TABLE t (a)", rows=[(number,) for number in range(MANY)])
    with pytest.raises(BodyTooLarge, match=r"^the source 'wifi' has"):
        read(path, Bounds(rows=100))


def test_a_driver_that_is_not_installed_is_named_with_its_extra(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(path, "CREATE TABLE t (a)", rows=[(1,)])
    monkeypatch.setitem(sys.modules, "adbc_driver_sqlite.dbapi", None)
    with pytest.raises(SettingsError, match=r"pip install 'mlservice\[sql\]'"):
        read(path)
