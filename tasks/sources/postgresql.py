"""Tables of PostgreSQL as Arrow, by ADBC, which reads them with COPY in its binary form.

The driver gives `numeric` as text, money in cents, and intervals and whatever Arrow has no type for in bytes of
PostgreSQL's own (adbc-driver-postgresql 1.13), so that those are cast where they are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pyarrow.compute as pc

from tasks.config.sources_file import POSTGRESQL, DataSource
from tasks.errors import InvalidField
from tasks.sources.asked import Asked
from tasks.sources.drivers import driver
from tasks.sources.refusals import Deadline
from tasks.sources.statements import aliases, quoted, statement_of
from tasks.sources.streaming import collected
from tasks.tables.bounds import Bounds
from tasks.tables.doubles import EXACT

#: What is added to a URL that does not say it: the longest wait for a connection (seconds), who connects, and what text
#: is sent as, whatever the database keeps it in.
CONNECTING: Final = {"connect_timeout": "10", "application_name": "mlservice", "client_encoding": "UTF8"}
#: The metadata of a column that has PostgreSQL's own name of its type; of a domain, that of what it is made of.
TYPE: Final = b"POSTGRESQL:type"
NUMERIC: Final = "numeric"
#: What comes as Arrow has it.
_AS_IT_IS: Final = frozenset(
    f"{array}{kind}"
    for array in ("", "_")
    for kind in ("bool", "int2", "int4", "int8", "float4", "float8", "text", "varchar", "name")
) | {"bytea", "json", "jsonb", "time", NUMERIC}
#: What is written differently so that it comes right; all else is cast to text. A date without an end is no date.
_CASTS: Final = {
    "date": "CASE WHEN isfinite({0}) THEN {0} END",
    "timestamp": "CASE WHEN isfinite({0}) THEN {0} END",
    "timestamptz": "CASE WHEN isfinite({0}) THEN {0} END",
    "timetz": "{0}::time",
    "interval": "extract(epoch FROM {0})::float8",
    "money": "{0}::numeric::float8",
    "oid": "{0}::int8",
}


def read_postgresql(asked: Asked, source: DataSource, bounds: Bounds) -> pa.Table:
    """The table, of types that `tasks.tables.reading.arrow_types` knows.

    In one read-only transaction, so that it is of one moment. Raises InvalidField, BodyTooLarge, SettingsError, and
    what the driver raises.
    """
    statement = statement_of(asked, source)
    with _opened(source) as cursor:
        described = cursor.adbc_execute_schema(statement)
        if not described.names:
            raise InvalidField(f"{asked.subject}: this is no SELECT, and sources are read alone").at(asked.pointer)
        cursor.execute(_selection(statement, described))
        deadline = Deadline(asked, source)
        table = collected(cursor, bounds, check=deadline.check)
    numeric = [_type(field) == NUMERIC for field in described]
    columns = [_numbers(column) if is_so else column for column, is_so in zip(table.columns, numeric, strict=True)]
    return pa.Table.from_arrays(columns, names=described.names)


@contextmanager
def _opened(source: DataSource) -> Iterator[Any]:
    with (
        closing(driver(POSTGRESQL).connect(_url(source.url), autocommit=False)) as connection,
        closing(connection.cursor()) as cursor,
    ):
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(f"SET LOCAL statement_timeout = {max(1, round(source.timeout_seconds * 1000))}")
        try:
            yield cursor
        except BaseException:
            # Else what was not read would be waited for.
            with suppress(Exception):
                cursor.adbc_cancel()
            raise


def _url(url: str) -> str:
    query = urlsplit(url).query
    said = [f"{name}={value}" for name, value in CONNECTING.items() if name not in parse_qs(query)]
    return f"{url}{('&' if query else '?') if said else ''}{'&'.join(said)}"


def _selection(statement: str, described: pa.Schema) -> str:
    names = aliases(len(described))
    columns = ", ".join(_expression(name, _type(field)) for name, field in zip(names, described, strict=True))
    return f"SELECT {columns} FROM (\n{statement}\n) AS source ({', '.join(names)})"


def _expression(name: str, kind: str) -> str:
    if kind in _AS_IT_IS:
        return name
    return f"{_CASTS.get(kind, '{0}::text').format(name)} AS {quoted(name)}"


def _type(field: pa.Field) -> str:
    metadata: dict[bytes, bytes] = field.metadata or {}
    return metadata.get(TYPE, b"").decode()


def _numbers(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Numbers in writing as doubles; as they are written if one is so large that a double may round it."""
    texts = pa.chunked_array([chunk.storage for chunk in values.chunks], values.type.storage_type)
    numbers = texts.cast(pa.float64())
    top = pc.max(pc.abs(pc.if_else(pc.is_finite(numbers), numbers, 0.0))).as_py()
    return texts if top is not None and top >= EXACT else numbers
