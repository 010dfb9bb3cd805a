"""The commands for an estimator of one's own: `new`, `check`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.arguments.common import command

if TYPE_CHECKING:
    from infra.arguments.common import Subparsers

#: What a project may begin with.
STARTS: Final = ("function", "sklearn", "notebook")


def add_projects(commands: Subparsers) -> None:
    """Begin one, and see whether it can serve."""
    new = command(commands, "new", "infra.commands.new:run", help="write a project with an estimator of your own")
    new.add_argument("name", metavar="NAME", help="of the project and its estimator, such as churn-model")
    new.add_argument(
        "--from",
        dest="start",
        choices=STARTS,
        help="what to begin with: plain functions (the default), a pipeline, or a notebook's code",
    )
    new.add_argument("--notebook", type=Path, metavar="FILE", help="the notebook (.ipynb)")

    check = command(commands, "check", "infra.commands.check:run", help="try an estimator of yours without a service")
    check.add_argument("path", metavar="MODULE:CLASS", help="as workers import it, or the name of an installed one")
    check.add_argument("--data", type=Path, metavar="FILE", help="a table: CSV, Parquet, JSON, .xlsx")
    check.add_argument("--target", metavar="COLUMN", help="the column to learn")
    check.add_argument("--params", metavar="JSON", default="{}", help="those of a train, as an object; default: none")
    check.add_argument("--options", metavar="JSON", default="{}", help="those of an init, as an object; default: none")
    check.add_argument("--rows", type=int, metavar="N", help="so many rows of the table are used; default: 2000")
    check.add_argument(
        "--seconds", type=float, metavar="S", help="longest time for each of the two processes; default: 300"
    )
    check.add_argument("--json", action="store_true", help="as one JSON object")
