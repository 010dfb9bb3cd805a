"""A source as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasks.config.sources_file import FILES, SQLITE, DataSource
from tasks.errors import InvalidField
from tasks.sources.asked import Asked, settled
from tasks.sources.files import read_files
from tasks.sources.postgresql import read_postgresql
from tasks.sources.refusals import reached, translated
from tasks.sources.sqlite import read_sqlite
from tasks.tables.bounds import Bounds
from tasks.tables.finding_codes import finding
from tasks.tables.reading.arrow_types import unified
from tasks.tables.reading.hints import CsvOptions
from tasks.tables.reading.result import Reading

#: The format of a reading that comes from a database.
SQL = "sql"


def read_source(
    sources: Mapping[str, DataSource],
    asked: Asked,
    bounds: Bounds,
    *,
    csv: CsvOptions = CsvOptions(),  # noqa: B008
) -> Reading:
    """What the operator allowed under this name.

    Raises InvalidField for what is not allowed, not there or slow; InvalidTable, MalformedBody for what cannot be read;
    BodyTooLarge past `bounds`; Unavailable, OSError for what may pass; SettingsError where a package is missing.
    """
    source = sources.get(asked.source)
    if source is None:
        known = ", ".join(sorted(sources)) or "none is configured (MLSERVICE_SOURCES, MLSERVICE_SOURCES_FILE)"
        raise InvalidField(f"there is no source {asked.source[:80]!r}; the sources are: {known}").at("/source")
    asked = settled(asked, source)
    bounds = replace(bounds, what=f"the source {asked.source!r}", remedy="read less of it")
    if source.kind == FILES:
        return reached(asked, lambda: read_files(asked, source, bounds, csv=csv))
    if source.kind == SQLITE:
        table, mixed = translated(asked, source, lambda: read_sqlite(asked, source, bounds))
        findings = [
            finding("mixed_storage", f"the column {name!r} holds numbers and text", column=name) for name in mixed
        ]
        return Reading(table=unified(table), format=SQL, findings=findings)
    table = translated(asked, source, lambda: read_postgresql(asked, source, bounds))
    return Reading(table=unified(table), format=SQL)
