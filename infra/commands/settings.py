"""`mlservice settings`: what can be set, and what the service of a home was told, by whom."""

from __future__ import annotations

import argparse
import json

from infra.host.home import Home
from tasks.config.origins import SETTINGS
from tasks.config.settings import describe


def run(args: argparse.Namespace) -> int:
    """Print each setting with its default and its meaning; with --home, as the service that runs there has it.

    Raises Unavailable if none runs there.
    """
    if args.home is None:
        for variable, default, doc in describe():
            print(f"{variable}={default}\n    {doc}")
        return 0
    home = Home(args.home.resolve())
    home.service()
    found: list[dict[str, str]] = json.loads((home.run / SETTINGS).read_text())
    if args.json:
        print(json.dumps(found))
        return 0
    widths = [max(len(one[field]) for one in found) for field in ("variable", "origin")]
    for one in found:
        print(f"{one['variable']:<{widths[0]}} {one['origin']:<{widths[1]}} {one['value']}".rstrip())
    return 0
