"""Which release of the service this is."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any


def installed(package: str) -> str:
    """The version of a package; `unknown` if it is not installed as one."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def release() -> str:
    """The version of this service."""
    return installed("mlservice")


class ShowRelease(argparse.Action):
    """Says it, and ends. Packages are looked up then, and not before each command."""

    def __init__(self, option_strings: Sequence[str], dest: str, **given: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, help="say which release this is")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Print it."""
        print(f"mlservice {release()}")
        parser.exit()
