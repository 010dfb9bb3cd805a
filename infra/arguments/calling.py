"""The commands that call a service: the one of the home, or with --server one at a URL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra.arguments.common import add_home, command
from tasks.contract import DEFAULT_ESTIMATOR, Lane, Promote

if TYPE_CHECKING:
    import argparse

    from infra.arguments.common import Subparsers

#: What is said of a file that is read.
FILE_HELP: Final = "CSV, Parquet, Arrow, JSON lines or a workbook; -: standard input"
#: The shells for which completions are written.
SHELLS: Final = ("bash", "zsh", "fish")


def add_server(top: argparse.ArgumentParser) -> None:
    """Let the commands that call a service be told which."""
    top.add_argument(
        "--server",
        default="",
        metavar="URL",
        help="call the service at this URL, to which `login` has signed in; for login, logout, init, train, estimate,"
        " watch, models list, models show",
    )


def anywhere(made: argparse.ArgumentParser, run: str = "") -> None:
    """The command works with --server too, by `package.module:function` if that is another one."""
    made.set_defaults(remote=run or made.get_default("run"))


def add_calling(commands: Subparsers) -> None:
    """Sign in, and do work."""
    _add_login(commands)
    init = command(commands, "init", "infra.commands.work:init", help="give a model the data to learn from")
    init.add_argument("model", metavar="MODEL")
    init.add_argument("file", nargs="?", metavar="FILE", help=FILE_HELP)
    init.add_argument("--target", default="", metavar="COLUMN", help="the column to learn")
    init.add_argument("--source", metavar="NAME", help="a source of the operator in place of a file")
    init.add_argument("--table", metavar="NAME", help="a table of the source")
    init.add_argument("--query", metavar="NAME", help="a named query of the source")
    init.add_argument("--sheet", default="", metavar="NAME", help="a sheet of the workbook")
    init.add_argument("--estimator", default=DEFAULT_ESTIMATOR, metavar="NAME", help="default: %(default)s")
    init.add_argument("--options", default="{}", metavar="JSON", help="an object of the estimator's options")
    init.add_argument("--append", action="store_true", help="add the rows to those that the model has")
    init.add_argument("--replace", action="store_true", help="also if a model in use gets other columns")
    init.add_argument("--dry-run", action="store_true", help="only tell what would be made of the table")

    train = command(commands, "train", "infra.commands.work:train", help="train a version, and show how it goes on")
    train.add_argument("model", metavar="MODEL")
    train.add_argument("--params", default="{}", metavar="JSON", help="an object of the estimator's params")
    train.add_argument("--promote", choices=tuple(Promote), default=Promote.ALWAYS, help="default: %(default)s")
    train.add_argument("--search", type=float, metavar="SECONDS", help="look for better params so long first")
    train.add_argument("--from-version", metavar="V", help="go on from this version, a number or an alias")

    estimate = command(commands, "estimate", "infra.commands.work:estimate", help="predict rows")
    estimate.add_argument("model", metavar="MODEL")
    estimate.add_argument("file", metavar="FILE", help=f"{FILE_HELP}; JSON as over HTTP is taken too")
    estimate.add_argument("--version", metavar="V", help="a number or an alias; default: the current one")
    estimate.add_argument("--explain", action="store_true", help="also what each column adds")
    estimate.add_argument("--interval", type=float, metavar="LEVEL", help="0.9 say: an interval with each prediction")
    estimate.add_argument("--keep", default="", metavar="COLUMNS", help="columns that come back, with commas between")
    estimate.add_argument(
        "--unknown", default="", choices=("ignore", "refuse"), help="columns that are not the model's"
    )
    estimate.add_argument("--missing", default="", choices=("fill", "refuse"), help="values that are not there")
    estimate.add_argument("--sheet", default="", metavar="NAME", help="a sheet of the workbook")
    estimate.add_argument("--out", metavar="FILE", help="write the result there: .csv, .arrow or .json")

    for doing in (init, train, estimate):
        doing.add_argument("--lane", choices=tuple(Lane), default=Lane.NORMAL, help="default: %(default)s")
        doing.add_argument("--deadline", type=float, metavar="SECONDS", help="not wanted if it has not begun by then")
        doing.add_argument("--no-wait", action="store_true", help="print the task's id, and leave it to itself")
        doing.add_argument("--json", action="store_true", help="the result as JSON")
        add_home(doing)
        anywhere(doing)


def _add_login(commands: Subparsers) -> None:
    login = command(commands, "login", "infra.commands.signing_in:login", help="sign in to the service of --server")
    login.add_argument("--name", metavar="ACCOUNT", help="whose password is asked for, or read with --password-stdin")
    login.add_argument("--password-stdin", action="store_true", help="read the password from standard input")
    login.add_argument("--token-stdin", action="store_true", help="read a token from standard input, and keep that")
    logout = command(commands, "logout", "infra.commands.signing_in:logout", help="forget the token of --server")
    for signing in (login, logout):
        anywhere(signing)


def add_completion(commands: Subparsers) -> None:
    """Completion of commands in a shell."""
    completion = command(
        commands, "completion", "infra.commands.completion:run", help="print what has a shell complete these commands"
    )
    completion.add_argument("shell", choices=SHELLS)
