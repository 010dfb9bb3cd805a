"""`mlservice sources`: data that init may read by name, and whether it can."""

from __future__ import annotations

import argparse
import os

from infra.host.home import Home
from tasks.config.settings import Settings
from tasks.config.sources_file import DataSource
from tasks.errors import NotFound


def show_all(args: argparse.Namespace) -> int:
    """Print the sources, one a line: name, kind, tables, queries. Raises SettingsError."""
    for name, source in sorted(_sources(args).items()):
        tables = [*sorted(source.tables), *["any table"] * source.any_table]
        queries = [*sorted(source.queries), *["any SQL"] * source.any_sql]
        print(name, source.kind, ",".join(tables) or "-", ",".join(queries) or "-", sep="\t")
    return 0


def check(args: argparse.Namespace) -> int:
    """Read a little of each, and print what it says. Returns 1 if one cannot be read.

    Raises SettingsError, NotFound.
    """
    from tasks.sources.trying import tried

    sources = _sources(args)
    if not sources:
        raise NotFound(
            f"no sources are named: write {Home(args.home.resolve()).secrets / 'sources.toml'}, or name the file in"
            " MLSERVICE_SOURCES_FILE"
        )
    if args.name is not None and args.name not in sources:
        raise NotFound(f"there is no source {args.name!r}; the sources are: {', '.join(sorted(sources))}")
    failed = 0
    for label, error in tried({args.name: sources[args.name]} if args.name is not None else sources):
        failed += error is not None
        print(f"{label}: {'can be read' if error is None else str(error).strip()}")
    return 1 if failed else 0


def _sources(args: argparse.Namespace) -> dict[str, DataSource]:
    home = Home(args.home.resolve())
    return Settings.load({**os.environ, **home.naming_sources(os.environ)}).data_sources
