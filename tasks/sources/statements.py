"""SQL in the words that both databases know."""

from __future__ import annotations

from tasks.config.sources_file import DataSource
from tasks.sources.asked import Asked


def quoted(name: str) -> str:
    """An identifier."""
    return '"' + name.replace('"', '""') + '"'


def statement_of(asked: Asked, source: DataSource) -> str:
    """The SELECT that reads what is asked for."""
    if asked.table:
        schema, _, table = asked.table.rpartition(".")
        return f"SELECT * FROM {quoted(schema) + '.' if schema else ''}{quoted(table)}"
    # A semicolon ends a statement, and this one will stand in another.
    return (asked.sql or source.queries[asked.query]).rstrip().rstrip(";")


def aliases(count: int) -> list[str]:
    """Names of columns that are all different, whatever a table calls them."""
    return [f"c{number}" for number in range(count)]
