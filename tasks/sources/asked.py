"""What a request asks of a source, and whether the operator allows it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from tasks.config.sources_file import FILES, DataSource
from tasks.errors import InvalidField

#: What the names of the databases' own tables begin with, in their schemas and without one.
_OWN: Final = ("pg_", "sqlite_", "information_schema.")


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A source by its name; of a database also a table, a query that the operator named, or SQL."""

    source: str
    table: str = ""
    query: str = ""
    sql: str = ""

    @property
    def label(self) -> str:
        """What is kept of it with the data: names alone, of SQL that it was SQL."""
        part = next((f" {name} {getattr(self, name)}" for name in ("table", "query") if getattr(self, name)), "")
        return f"{self.source}{part}{' sql' if self.sql else ''}"

    @property
    def subject(self) -> str:
        """What it is called in messages: never by its SQL."""
        part = self.table or self.query or ("its SQL" if self.sql else "")
        return f"the source {self.source!r}" + (f", {part}" if part else "")

    @property
    def pointer(self) -> str:
        """To the field that says what is read."""
        return next((f"/{name}" for name in ("table", "query", "sql") if getattr(self, name)), "/source")


def settled(asked: Asked, source: DataSource) -> Asked:
    """What is read, with the only table or query of a source that has one, where none is asked for.

    Raises InvalidField, which says what there is, for what the operator did not allow.
    """
    given = [name for name in ("table", "query", "sql") if getattr(asked, name)]
    if source.kind == FILES:
        if given:
            raise InvalidField(f"the source {asked.source!r} is one table; leave {given[0]} out").at(asked.pointer)
        return asked
    if len(given) > 1:
        raise InvalidField(f"give one of table, query and sql, not {' and '.join(given)}").at(f"/{given[1]}")
    if not given:
        return _only(asked, source)
    if asked.sql and not source.any_sql:
        raise InvalidField(f"the source {asked.source!r} takes no SQL of its callers: {_known(source)}").at("/sql")
    if asked.query and asked.query not in source.queries:
        raise InvalidField(f"the source {asked.source!r} has no query {asked.query[:80]!r}: {_known(source)}").at(
            "/query"
        )
    if asked.table and asked.table not in source.tables and not (source.any_table and _is_no_own(asked.table)):
        raise InvalidField(f"the source {asked.source!r} has no table {asked.table[:80]!r}: {_known(source)}").at(
            "/table"
        )
    return asked


def _is_no_own(table: str) -> bool:
    return not table.lower().startswith(_OWN)


def _only(asked: Asked, source: DataSource) -> Asked:
    alone = len(source.tables) + len(source.queries) == 1 and not (source.any_table or source.any_sql)
    if not alone:
        raise InvalidField(f"say what of the source {asked.source!r} is to be read: {_known(source)}").at("/source")
    return msgspec.structs.replace(asked, table="".join(source.tables), query="".join(source.queries))


def _known(source: DataSource) -> str:
    said = [
        _list("table", source.tables),
        _list("query", source.queries),
        "any table that its user may read" * source.any_table,
        "sql" * source.any_sql,
    ]
    return f"there is {' or '.join(filter(None, said))}"


def _list(word: str, names: Iterable[str]) -> str:
    listed = ", ".join(sorted(names))
    return f"{word} {listed}" if listed else ""
