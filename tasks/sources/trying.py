"""Whether sources answer, for whoever runs the service: with the words of databases, which users are not told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tasks.config.sources_file import FILES, SQLITE, DataSource
from tasks.errors import BodyTooLarge
from tasks.sources.asked import Asked
from tasks.sources.files import read_files
from tasks.sources.postgresql import read_postgresql
from tasks.sources.sqlite import read_sqlite
from tasks.tables.bounds import Bounds
from tasks.tables.reading.hints import CsvOptions

#: What is read of each: whoever has more than a row answers.
_LITTLE = Bounds(rows=1)


def tried(sources: Mapping[str, DataSource]) -> Iterator[tuple[str, Exception | None]]:
    """(what it is called, why it cannot be read) of each source, table and query that is named; None where it can be.
    Of SQL of callers and of tables that are not named nothing is tried."""
    for name, source in sorted(sources.items()):
        for asked in _parts(name, source):
            try:
                _try(asked, source)
            except BodyTooLarge:
                yield asked.label, None
            except Exception as error:
                yield asked.label, error
            else:
                yield asked.label, None


def _parts(name: str, source: DataSource) -> list[Asked]:
    if source.kind == FILES:
        return [Asked(source=name)]
    tables = [Asked(source=name, table=table) for table in source.tables]
    return tables + [Asked(source=name, query=query) for query in sorted(source.queries)]


def _try(asked: Asked, source: DataSource) -> None:
    if source.kind == FILES:
        read_files(asked, source, _LITTLE, csv=CsvOptions())
    elif source.kind == SQLITE:
        read_sqlite(asked, source, _LITTLE)
    else:
        read_postgresql(asked, source, _LITTLE)
