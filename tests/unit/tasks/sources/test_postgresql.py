from __future__ import annotations

import logging
import time
import traceback
from typing import Any

import pyarrow as pa
import pytest

from tasks.config.sources_file import DataSource
from tasks.errors import BodyTooLarge, InvalidField, ServiceError, Unavailable
from tasks.sources.asked import Asked
from tasks.sources.reading import read_source
from tasks.tables.bounds import UNBOUNDED, Bounds
from tests.postgresql import PASSWORD, READER, PostgreSQL

#: Every type that comes in a way of its own: (declared, written, what is read).
TYPES: list[tuple[str, str, Any]] = [
    ("int", "1", 1),
    ("numeric", "1.5", 1.5),
    ("numeric(10,2)", "'2.25'", 2.25),
    ("numeric", "12345678901234567890", "12345678901234567890"),
    ("money", "'12.34'", 12.34),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("jsonb", """'{"a": 1}'""", '{"a": 1}'),
    ("json", "'[1]'", "[1]"),
    ("mood", "'happy'", "happy"),
    ("code", "'x'", "x"),
    ("char(5)", "'ab'", "ab"),
    ("real", "1.5", 1.5),
    ("boolean", "true", True),
    ("interval", "'1 day 2 hours'", 26 * 3600.0),
    ("inet", "'10.0.0.1'", "10.0.0.1/32"),
    ("bit(3)", "B'101'", "101"),
    ("timestamp", "'infinity'", None),
    ("date", "'-infinity'", None),
    ("oid", "4294967295", 4294967295),
    ("int[]", "'{1,2}'", [1, 2]),
]


def read(
    server: PostgreSQL, bounds: Bounds = UNBOUNDED, *, url: str = "", asked: Any = None, **allowed: Any
) -> pa.Table:
    source = DataSource(url=url or server.reader, **allowed)
    return read_source({"shop": source}, Asked(source="shop", **asked or {}), bounds).table


def refusal(server: PostgreSQL, **given: Any) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        read(server, **given)
    shown = "".join(traceback.format_exception(caught.value))
    assert not any(secret in shown for secret in (PASSWORD, str(server.folder), "postgresql://"))
    return caught.value


def test_each_type_comes_as_what_it_means(postgresql: PostgreSQL) -> None:
    columns = ", ".join(f"c{index} {kind}" for index, (kind, _, _) in enumerate(TYPES))
    values = ", ".join(value for _, value, _ in TYPES)
    nothing = ", ".join("NULL" for _ in TYPES)
    # The connection that reads is younger than the enum in one case only: here both know of it.
    postgresql.run(
        "CREATE TYPE mood AS ENUM ('happy', 'sad')",
        "CREATE DOMAIN code AS text",
        f"CREATE TABLE types ({columns})",
        f"INSERT INTO types VALUES ({values}), ({nothing})",
        f"GRANT SELECT ON types TO {READER}",
    )
    table = read(postgresql, tables=["types"])
    assert table.column_names == [f"c{index}" for index in range(len(TYPES))]
    for column, (kind, _, expected) in zip(table.columns, TYPES, strict=True):
        assert column.to_pylist() == [expected, None], kind


def test_aggregates_are_numbers(postgresql: PostgreSQL) -> None:
    postgresql.run(
        "CREATE TABLE visits AS SELECT i % 3 AS room, i FROM generate_series(1, 30) i",
        f"GRANT SELECT ON visits TO {READER}",
    )
    query = "SELECT room, avg(i), sum(i::bigint), sum(i) FROM visits GROUP BY room ORDER BY room; -- all of it"
    table = read(postgresql, queries={"rooms": query.partition(" --")[0]})
    assert table.to_pylist()[0] == {"room": 0, "avg": 16.5, "sum": 165.0} | {"sum": 165}
    assert [str(kind) for kind in table.schema.types] == ["int32", "double", "double", "int64"]


def test_what_is_not_allowed_is_not_read(postgresql: PostgreSQL) -> None:
    postgresql.run("CREATE TABLE open (a int)", f"GRANT SELECT ON open TO {READER}", "CREATE TABLE shut (a int)")
    allowed: dict[str, Any] = {"tables": ["open", "shut", "gone"], "queries": {"all": "SELECT 1 AS one"}}
    for asked, pointer, said in (
        ({}, "/source", "table gone, open, shut or query all"),
        ({"table": "types"}, "/table", "has no table 'types'"),
        ({"table": "shut"}, "/table", "the operator grants SELECT"),
        ({"table": "gone"}, "/table", "no such table or view now"),
        ({"query": "none"}, "/query", "has no query 'none'"),
        ({"sql": "SELECT 1"}, "/sql", "takes no SQL"),
        ({"table": "open", "query": "all"}, "/query", "one of table, query and sql"),
    ):
        error = refusal(postgresql, asked=asked, **allowed)
        assert isinstance(error, InvalidField)
        assert error.pointer == pointer
        assert said in str(error)
    for own in ("pg_user", "pg_catalog.pg_user", "information_schema.tables"):
        assert "has no table" in str(refusal(postgresql, asked={"table": own}, any_table=True))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("INSERT INTO written VALUES (1) RETURNING a", "syntax error"),
        ("DELETE FROM written", "this is no SELECT"),
        ("SELECT 1; DELETE FROM written", "multiple commands"),
        ("SELECT 1) AS a(b); DELETE FROM written; SELECT (1", "syntax error"),
        ("SELECT set_config('transaction_read_only', 'off', false)", "before any query"),
        ("SELECT nextval('counter')", "read-only transaction"),
        ("SELECT nosuch FROM written", 'column "nosuch" does not exist'),
    ],
)
def test_sql_of_callers_only_reads(postgresql: PostgreSQL, sql: str, said: str) -> None:
    postgresql.run(
        "CREATE TABLE IF NOT EXISTS written (a int)",
        "CREATE SEQUENCE IF NOT EXISTS counter",
        f"GRANT ALL ON written, counter TO {READER}",
    )
    error = refusal(postgresql, asked={"sql": sql}, any_sql=True)
    assert isinstance(error, InvalidField)
    assert error.pointer == "/sql"
    assert said in str(error)


def test_sql_may_end_as_people_write_it(postgresql: PostgreSQL) -> None:
    for sql in ("SELECT 1 AS a;", "SELECT 1 AS a -- one", "WITH x AS (SELECT 1 AS a) SELECT * FROM x ;\n"):
        assert read(postgresql, asked={"sql": sql}, any_sql=True).to_pylist() == [{"a": 1}]


def test_a_view_that_fails_is_not_said_to_be_missing(postgresql: PostgreSQL) -> None:
    postgresql.run(
        "CREATE VIEW halves AS SELECT 1 / (i - 1) AS half FROM generate_series(1, 2) i",
        f"GRANT SELECT ON halves TO {READER}",
    )
    error = refusal(postgresql, tables=["halves"])
    assert isinstance(error, InvalidField)
    assert "the database fails to read it" in str(error)


def test_a_database_may_keep_text_in_another_encoding(postgresql: PostgreSQL) -> None:
    postgresql.run("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1")
    url = postgresql.url(database="latin")
    query = "SELECT U&'gr\\00FC\\00DFe' AS words"
    assert read(postgresql, url=url, queries={"q": query}).to_pylist() == [{"words": "grüße"}]


def test_a_statement_ends_in_time(postgresql: PostgreSQL) -> None:
    began = time.monotonic()
    error = refusal(postgresql, queries={"slow": "SELECT 1 FROM pg_sleep(60)"}, timeout_seconds=0.2)
    assert "longer than 0.2 s" in str(error)
    assert time.monotonic() - began < 10


def test_a_table_past_the_bounds_is_left_off_early(postgresql: PostgreSQL) -> None:
    endless: dict[str, Any] = {"queries": {"all": "SELECT generate_series(1, 1000000000) AS i, 'text' AS t"}}
    began = time.monotonic()
    with pytest.raises(BodyTooLarge, match=r"^the source 'shop' (has|takes) .*read less of it"):
        read(postgresql, Bounds(rows=1000, bytes=2**20), **endless)
    assert time.monotonic() - began < 10


def test_a_database_that_is_gone_is_waited_for_and_one_that_refuses_is_not(
    postgresql: PostgreSQL, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gone = f"postgresql://{READER}:{PASSWORD}@127.0.0.1:1/shop"
    assert isinstance(refusal(postgresql, url=gone, tables=["a"]), Unavailable)
    for url in (
        postgresql.url(READER, "wrong-" + PASSWORD),
        postgresql.url("postgres", database="nosuch"),
        postgresql.url(READER),
        f"postgresql://{READER}:{PASSWORD}@127.0.0.1:9x/shop",
    ):
        error = refusal(postgresql, url=url, tables=["a"])
        assert isinstance(error, InvalidField)
        assert "'shop' does not let the service in" in str(error)
    assert "'shop'" in caplog.text
    assert not any(secret in caplog.text for secret in (PASSWORD, READER, "127.0.0.1", str(postgresql.folder)))
