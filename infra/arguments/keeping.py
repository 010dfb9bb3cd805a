"""The commands that keep a service: backup, restore, move, a unit of systemd."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from infra.arguments.common import add_home, command

if TYPE_CHECKING:
    from infra.arguments.common import Subparsers


def add_keeping(commands: Subparsers) -> None:
    """Take a backup, and put it somewhere."""
    backup = command(
        commands,
        "backup",
        "infra.commands.backup:take",
        help="write all that a running or stopped service holds into one file",
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="a new file")
    backup.add_argument("--without-blobs", action="store_true", help="leave out what lies in the blob store")
    add_home(backup)

    restore = command(
        commands, "restore", "infra.commands.backup:restore", help="put what a backup holds into an empty home"
    )
    restore.add_argument("file", type=Path, metavar="FILE", help="what `backup` wrote")
    restore.add_argument("--replace", action="store_true", help="set aside what the home holds, in a folder of it")
    restore.add_argument("--check", action="store_true", help="only read it whole, and say whether it is sound")
    add_home(restore)

    move = command(
        commands,
        "move",
        "infra.commands.move:run",
        help="write what a stopped home holds to the Redis of REDIS_URL and the blob store of MLSERVICE_BLOBS_URL",
    )
    add_home(move)

    unit = command(
        commands,
        "systemd-unit",
        "infra.commands.systemd:print_unit",
        help="print a unit of systemd that serves it",
    )
    unit.add_argument("--user", metavar="NAME", help="who it runs as; default: who asks")
    add_home(unit)
