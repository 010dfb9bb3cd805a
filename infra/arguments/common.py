"""What several commands have in common."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tasks.config.home import DEFAULT_HOME, HOME

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

#: What is said of --scope.
SCOPE_HELP: Final = "may be given several times; estimate:MODEL for one model alone"


def command(commands: Subparsers, name: str, run: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
    """A command of this name, which runs `package.module:function`."""
    made = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    made.set_defaults(run=run)
    return made


class Several(argparse.Action):
    """Each value that is given is one more; the default is for who gives none."""

    def __call__(
        self, _parser: argparse.ArgumentParser, namespace: argparse.Namespace, values: Any, _option: str | None = None
    ) -> None:
        """Called by argparse for each value."""
        before = getattr(namespace, self.dest)
        setattr(namespace, self.dest, (*(() if before is self.default else before), values))


def add_host(command: argparse.ArgumentParser, *, default: str) -> None:
    """Let the command be told where to listen; `default`: addresses with commas between them."""
    command.add_argument(
        "--host",
        action=Several,
        default=tuple(host.strip() for host in default.split(",")),
        metavar="ADDRESS",
        help=f"may be given several times, and :: stands for all addresses, those of IPv4 too; default: {default}",
    )


def add_home(command: argparse.ArgumentParser) -> None:
    """Let the command be told whose service it is about."""
    command.add_argument(
        "--home",
        type=Path,
        default=os.environ.get(HOME, DEFAULT_HOME),
        metavar="DIR",
        help="the folder of the service; default: %(default)s",
    )


def add_scope(command: argparse.ArgumentParser, *, default_help: str) -> None:
    """Let the command be told what may be done."""
    command.add_argument(
        "--scope",
        action="append",
        dest="scopes",
        metavar="SCOPE",
        help=f"{SCOPE_HELP}; default: {default_help}",
    )
