"""`sources.toml`: data that an operator names, and where it lies, with what is needed to enter there."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from tasks.errors import SettingsError

#: What a source, and a query of one, may be called.
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
#: Who must not do what with the file, in which passwords stand: others nothing, the group not write.
FORBIDDEN: Final = stat.S_IRWXO | stat.S_IWGRP
#: The kinds of sources, by what their URL begins with; all others are files.
POSTGRESQL: Final = "postgresql"
SQLITE: Final = "sqlite"
FILES: Final = "files"
_SCHEMES: Final = {"postgresql": POSTGRESQL, "postgres": POSTGRESQL, "sqlite": SQLITE}
#: What only databases have.
_OF_DATABASES: Final = ("tables", "queries", "any_table", "any_sql", "timeout_seconds")


class DataSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One source. It is never shown as it is: its URL and options may hold passwords."""

    #: postgresql://..., sqlite:///PATH, or what fsspec reads: a file, or a folder of files that are one table.
    url: str
    #: What fsspec is told beside the URL, such as keys.
    options: dict[str, Any] = {}
    #: The tables and views that may be read, as `table` or `schema.table`.
    tables: list[str] = []
    #: SQL that may be run, by the name that users know it by.
    queries: dict[str, str] = {}
    #: Whether every table that the database lets this user read may be read.
    any_table: bool = False
    #: Whether users may send SQL of their own.
    any_sql: bool = False
    #: How long one statement may take.
    timeout_seconds: float = 60.0

    def __repr__(self) -> str:
        """Without the URL."""
        return f"<source of {self.kind}>"

    @property
    def kind(self) -> str:
        """POSTGRESQL, SQLITE or FILES."""
        return _SCHEMES.get(self.url.partition(":")[0].lower(), FILES)

    @property
    def path(self) -> str:
        """The file of a source of SQLite. Four slashes, which others want before a whole path, are as good as three."""
        path = self.url.partition("://")[2]
        return f"/{path.lstrip('/')}" if path.startswith("/") else path


def read_sources(path: Path) -> dict[str, DataSource]:
    """The sources in a file by name; none if there is no such file.

    Raises SettingsError, which names file and source and holds no value, for what cannot be used, and for a file that
    others may read.
    """
    import tomllib

    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & FORBIDDEN:
                raise SettingsError(f"{path} has mode {mode:04o}, and passwords may stand in it: chmod 600 it")
            found = tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; let the service's user read it") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        place = re.search(r"\(at .*\)", str(error))
        raise SettingsError(f"{path} is not TOML{' ' + place[0] if place else ''}: correct it") from None
    return {name: _source(f"{path}, [{name}]", name, given) for name, given in found.items()}


def _source(where: str, name: str, given: object) -> DataSource:
    if NAME.fullmatch(name) is None:
        raise SettingsError(f"{where}: a source is called by at most 63 letters, digits, '.', '_' and '-'")
    try:
        source = msgspec.convert(given, DataSource)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}: {error}") from None
    _check(where, source, given if isinstance(given, Mapping) else {})
    return source


def _check(where: str, source: DataSource, given: Mapping[str, Any]) -> None:
    if source.kind == FILES:
        wrong = [key for key in _OF_DATABASES if key in given]
        if wrong:
            raise SettingsError(
                f"{where}: {wrong[0]} is for databases; the url names none (postgresql:// or sqlite://)"
            )
        if not urlsplit(source.url).scheme:
            raise SettingsError(f"{where}: url must be a URL, such as file:///data/sales or s3://bucket/sales")
        return
    if source.options:
        raise SettingsError(f"{where}: options are for files; write what the database needs into the url")
    if source.kind == SQLITE and not source.path.startswith("/"):
        raise SettingsError(f"{where}: url must be sqlite:// and the whole path, such as sqlite:///data/wifi.db")
    if not (source.tables or source.queries or source.any_table or source.any_sql):
        raise SettingsError(f"{where}: say what may be read: tables, queries, any_table = true or any_sql = true")
    if not source.timeout_seconds > 0:
        raise SettingsError(f"{where}: timeout_seconds must be greater than 0")
    for query in source.queries:
        if NAME.fullmatch(query) is None:
            raise SettingsError(f"{where}: a query is called by at most 63 letters, digits, '.', '_' and '-'")
