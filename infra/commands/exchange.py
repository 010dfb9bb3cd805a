"""`mlservice models export` and `mlservice import`: versions taken along, and models of elsewhere brought in."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from tasks.contract import CURRENT
from tasks.registry.history import COMMAND_LINE

if TYPE_CHECKING:
    from tasks.client import Client

#: Stands for the standard output.
STANDARD: Final = "-"


def take(args: argparse.Namespace) -> int:
    """Write a version into a file, and print its name. Raises UnknownModel, UnknownVersion, FileExistsError."""
    from tasks.client import Client

    settings = settings_of(Home(args.home), os.environ)
    with redis_of(settings) as redis:
        # While it works it has patience; whether anybody is there is said at once.
        redis.ping()
        client = Client(settings.redis_url, owner=COMMAND_LINE)
        number = _number(client, args.model, args.version)
        # By a worker: it knows the estimators, which a shell need not.
        handle = client.export(args.model, version=number, form=args.format)
        data = handle.result(timeout=settings.train_time_limit_seconds)
    if args.out == STANDARD:
        sys.stdout.buffer.write(data)
        return 0
    out = Path(args.out or f"{args.model}-{number}.{args.format}")
    with out.open("xb") as file:
        file.write(data)
    print(out)
    return 0


def _number(client: Client, model: str, named: str) -> int | str:
    """The number of the version that is meant; what there is not is refused by who makes the file."""
    if named.isdecimal():
        return int(named)
    known = client.models.describe(model)
    return (known.current if named == CURRENT else known.aliases.get(named)) or named


def bring(args: argparse.Namespace) -> int:
    """Import a model, and say which version it became. Raises InvalidField for what is not taken."""
    from infra.commands.import_sources import packed
    from tasks.client import Client

    settings = settings_of(Home(args.home), os.environ)
    data, source = packed(args.source, schema=args.schema, most_bytes=settings.max_body_bytes)
    with redis_of(settings) as client:
        client.ping()
        handle = Client(settings.redis_url, owner=COMMAND_LINE).import_model(
            args.model, data, source=source, target=args.target or "", promote=args.promote, replace=args.replace
        )
        result = handle.result(timeout=settings.train_time_limit_seconds)
    answers = "which answers estimates now" if result["promoted"] else "which answers nothing until it is promoted"
    print(f"{source} is version {result['version']} of {args.model}, {answers}")
    return 0
