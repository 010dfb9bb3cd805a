"""Tables of SQLite as Arrow, by ADBC.

In SQLite each value has a type of its own, and what a column was declared as binds none. The driver goes by the first
rows, and fails at what comes later (findings/adbc-sqlite-goes-by-the-first-rows.sh). So what types a column has is
asked before; then all its values are cast to one, and a first row that is no row of the table shows the driver which.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa

from tasks.config.sources_file import SQLITE, DataSource
from tasks.sources.asked import Asked
from tasks.sources.drivers import driver
from tasks.sources.refusals import Deadline, slow
from tasks.sources.statements import aliases, statement_of
from tasks.sources.streaming import collected
from tasks.tables.bounds import Bounds

#: Rows of a batch of the driver's.
BATCH_ROWS: Final = 65_536
_BATCH_OPTION: Final = "adbc.sqlite.query.batch_rows"
#: How long a writer is waited for (seconds).
BUSY_SECONDS: Final = 5.0
#: Instructions of SQLite's machine between two looks at the clock.
_LOOK_EACH: Final = 100_000
#: What a statement may do: read, and nothing else.
_READING: Final = frozenset(
    {sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE}
)
#: By the first and the last of a column's types in the alphabet (blob, integer, real, text): how a value of it is
#: written, and what stands for all of them. Bytes that are text become text where types are made one.
_CASTS: Final = {
    ("integer", "integer"): ("{0}", "0"),
    ("real", "real"): ("{0}", "0.0"),
    ("integer", "real"): ("CAST({0} AS REAL)", "0.0"),
    ("text", "text"): ("{0}", "''"),
    ("blob", "blob"): ("{0}", "x''"),
    (None, None): ("NULL", "0"),
}
_MIXED: Final = ("CAST({0} AS TEXT)", "''")
_MIXED_BYTES: Final = ("CAST({0} AS BLOB)", "x''")
#: The types of a column: the first and the last in the alphabet, None where all is NULL.
Types = tuple[str | None, str | None]


def read_sqlite(asked: Asked, source: DataSource, bounds: Bounds) -> tuple[pa.Table, list[str]]:
    """(the table, the columns with values of several types that are no numbers). Raises InvalidField, BodyTooLarge,
    SettingsError, and what the driver and sqlite3 raise."""
    statement, deadline = statement_of(asked, source), Deadline(asked, source)
    try:
        names, types = _described(statement, source, deadline)
    except sqlite3.OperationalError:
        if deadline.passed:
            raise slow(asked, source.timeout_seconds) from None
        raise
    mixed = [name for name, found in zip(names, types, strict=True) if found not in _CASTS]
    with (
        closing(driver(SQLITE).connect(_uri(source), autocommit=False)) as connection,
        closing(connection.cursor()) as cursor,
    ):
        cursor.adbc_statement.set_options(**{_BATCH_OPTION: str(BATCH_ROWS)})
        cursor.execute(_selection(statement, types))
        table = collected(cursor, bounds, check=deadline.check).slice(1)
    columns = [
        pa.chunked_array([pa.nulls(table.num_rows)]) if found == (None, None) else column
        for column, found in zip(table.columns, types, strict=True)
    ]
    return pa.Table.from_arrays(columns, names=names), mixed


def _described(statement: str, source: DataSource, deadline: Deadline) -> tuple[list[str], list[Types]]:
    """The names of the columns, and the types that are in each."""
    with closing(sqlite3.connect(_uri(source), uri=True, timeout=BUSY_SECONDS)) as connection:
        connection.set_authorizer(_allows)
        connection.set_progress_handler(lambda: deadline.passed, _LOOK_EACH)
        names = [each[0] for each in connection.execute(f"SELECT * FROM (\n{statement}\n) LIMIT 0").description]
        kinds = (f"CASE WHEN {name} IS NOT NULL THEN typeof({name}) END" for name in aliases(len(names)))
        ends = ", ".join(f"min({kind}), max({kind})" for kind in kinds)
        found: Sequence[Any] = connection.execute(
            f"{_with(statement, len(names))} SELECT {ends} FROM source"
        ).fetchone()
    return names, list(zip(found[::2], found[1::2], strict=True))


def _selection(statement: str, types: Sequence[Types]) -> str:
    casts = [_CASTS.get(found, _MIXED_BYTES if found[0] == "blob" else _MIXED) for found in types]
    first = ", ".join(sign for _, sign in casts)
    values = ", ".join(cast.format(name) for name, (cast, _) in zip(aliases(len(types)), casts, strict=True))
    return f"{_with(statement, len(types))} SELECT {first} UNION ALL SELECT {values} FROM source"


def _with(statement: str, columns: int) -> str:
    return f"WITH source ({', '.join(aliases(columns))}) AS (\n{statement}\n)"


def _allows(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _READING else sqlite3.SQLITE_DENY


def _uri(source: DataSource) -> str:
    return f"file:{quote(source.path)}?mode=ro"
