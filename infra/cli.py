"""The command line: `mlservice COMMAND`. Each command's code is imported when it is used."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final

from infra.host.defaults import DEFAULT_HOST, DEFAULT_PORT
from tasks.config.home import DEFAULT_HOME, HOME
from tasks.contract import FLEETS
from tasks.errors import ServiceError
from tasks.telemetry.logs import is_written

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

log = logging.getLogger(__name__)

#: What is said of --password-stdin.
PASSWORD_HELP: Final = "the password is one line on standard input"
#: What an account's quota may say.
LIMITS: Final = ("requests-per-second", "bytes-per-second", "rows-per-second", "queued-items")
#: What is said of --scope.
SCOPE_HELP: Final = "may be given several times; estimate:MODEL for one model alone"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. What goes wrong is said in one line."""
    args = parser().parse_args(argv)
    module, _, function = args.run.partition(":")
    try:
        command: Callable[[argparse.Namespace], int] = getattr(import_module(module), function)
        return command(args)
    except (ServiceError, OSError) as error:
        if is_written():
            log.critical("%s", error)
        else:
            print(f"mlservice: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    top = argparse.ArgumentParser(
        prog="mlservice", description="A machine-learning service in which all work is a Celery task."
    )
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    _add_up(commands)
    _add_demo(commands)
    _add_running(commands)
    _add_processes(commands)
    _add_accounts(commands)
    env = _command(
        commands, "env", "infra.commands.environment:show", help="print what a shell needs to call it from Python"
    )
    _add_home(env)
    acl = _command(
        commands, "redis-users", "infra.redis_server.place:show_users", help="print the ACL file for your own Redis"
    )
    _add_home(acl)
    _add_credentials(commands)
    _add_dead_letters(commands)
    _command(commands, "settings", "infra.commands.status:settings", help="list all settings")
    return top


def _add_up(commands: Subparsers) -> None:
    up = _command(commands, "up", "infra.supervision.up:run", help="serve on this machine until stopped")
    _add_home(up)
    up.add_argument("--host", default=os.environ.get("MLSERVICE_HOST", DEFAULT_HOST), help="default: %(default)s")
    up.add_argument(
        "--port",
        type=int,
        default=os.environ.get("MLSERVICE_PORT", DEFAULT_PORT),
        help="0: any free one; default: %(default)s",
    )
    up.add_argument("--tls-cert", type=Path, metavar="FILE", help="speak HTTPS with this certificate (PEM)")
    up.add_argument("--tls-key", type=Path, metavar="FILE", help="its key (PEM, without a password)")

    example = _command(commands, "tls-example", "infra.nginx.tls:example", help="make a certificate to try TLS with")
    example.add_argument("folder", type=Path, metavar="DIR", help="where to write it and its key")


def _add_demo(commands: Subparsers) -> None:
    demo = _command(commands, "demo", "infra.demo.walkthrough:run", help="init, train and estimate on real data")
    demo.add_argument("--data", type=Path, metavar="FILE", help="a table of your own: CSV or Parquet")
    demo.add_argument("--target", metavar="COLUMN", help="the column to learn")


def _add_running(commands: Subparsers) -> None:
    status = _command(commands, "status", "infra.commands.status:run", help="memory, queues, workers, models")
    status.add_argument("--json", action="store_true", help="as one JSON object")
    _add_home(status)

    watch = _command(commands, "watch", "infra.commands.watch:run", help="show a task until it is over")
    watch.add_argument("id", metavar="ID")
    _add_home(watch)

    restart = _command(
        commands,
        "restart",
        "infra.supervision.restart:run",
        help="new processes of the same code, while requests are answered",
    )
    restart.add_argument(
        "programs", nargs="*", metavar="PROGRAM", help="as `status` lists them; default: all but valkey"
    )
    _add_home(restart)

    repair = _command(commands, "repair", "infra.commands.repair:run", help="mend damaged data of the embedded Valkey")
    how = repair.add_mutually_exclusive_group()
    how.add_argument("--cut", action="store_true", help="end the data before the damage")
    how.add_argument("--skip", action="store_true", help="leave out what cannot be read, keep what came later")
    _add_home(repair)


def _add_processes(commands: Subparsers) -> None:
    gateway = _command(commands, "gateway", "infra.supervision.serving:gateway", help="serve HTTP, without NGINX")
    gateway.add_argument("--bind", metavar="ADDRESS", help="HOST:PORT or unix:PATH; default: 127.0.0.1:8000")

    worker = _command(commands, "worker", "infra.supervision.serving:worker", help="take work of one fleet's queues")
    worker.add_argument("fleet", choices=tuple(FLEETS))
    worker.add_argument("--processes", type=int, metavar="N", help="default: what the settings say")
    worker.add_argument(
        "--name", metavar="NAME", help="what it is called, as FLEET@NAME; default: what the settings say"
    )
    worker.add_argument(
        "--drain",
        type=float,
        metavar="SECONDS",
        help="on SIGQUIT, how long begun work may go on before it is given back",
    )

    _command(
        commands, "sync", "infra.redis_server.syncing:run", help="sync what the Valkey of `up` writes, each second"
    )

    beat = _command(commands, "beat", "infra.supervision.serving:beat", help="send the upkeep tasks when they are due")
    beat.add_argument("--schedule", metavar="FILE", help="where it remembers what it sent")

    flower = _command(commands, "flower", "infra.supervision.serving:flower", help="show workers and tasks")
    flower.add_argument("options", nargs="*", help="options of Flower's own, after --")


def _add_accounts(commands: Subparsers) -> None:
    user = _command(commands, "user", "infra.commands.users:show", help="accounts, and what they may do")
    users = user.add_subparsers(required=True, metavar="ACTION")
    add = _add_account(users, "add", help="add an account")
    _add_scope(add, default_help="all")
    how = add.add_mutually_exclusive_group(required=True)
    how.add_argument("--password-stdin", action="store_true", help=PASSWORD_HELP)
    how.add_argument("--first", action="store_true", help="the same, and do nothing if there is an account already")
    how.add_argument("--no-password", action="store_true", help="for a caller of the outside issuer, oidc:NAME")
    listed = _command(users, "list", "infra.commands.users:show", help="list the accounts")
    listed.add_argument("--json", action="store_true", help="as one JSON array")
    _add_home(listed)
    passwd = _add_account(users, "passwd", help="set the password, and end all tokens of the account")
    passwd.add_argument("--password-stdin", action="store_true", required=True, help=PASSWORD_HELP)
    scopes = _add_account(users, "scopes", help="set the scopes")
    scopes.add_argument("--scope", action="append", dest="scopes", metavar="SCOPE", required=True, help=SCOPE_HELP)
    _add_account(users, "disable", help="refuse password and tokens until it is enabled")
    _add_account(users, "enable", help="take back disable")
    _add_account(users, "remove", help="remove an account")
    quota = _add_account(users, "quota", help="limit what an account may use")
    for limit in LIMITS:
        quota.add_argument(f"--{limit}", metavar="N", help="0: any amount; `default`: what the settings say")


def _add_credentials(commands: Subparsers) -> None:
    token = _command(
        commands, "token", "infra.commands.credentials:token", help="print a token for an account, or revoke one"
    )
    token.add_argument("name", nargs="?")
    token.add_argument(
        "--revoke", metavar="TOKEN", help="refuse this token, or the one with this id, from now on; -: standard input"
    )
    _add_scope(token, default_help="the account's")
    _add_home(token)

    keys = _command(commands, "keys", "infra.commands.credentials:keys", help="the keys that sign tokens")
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    _add_home(_command(actions, "list", "infra.commands.credentials:keys", help="list the keys that are honoured"))
    rotate = _command(actions, "rotate", "infra.commands.credentials:rotate", help="sign with a new key from now on")
    rotate.add_argument("--at-once", action="store_true", help="end the other keys, and so all tokens, now")
    _add_home(rotate)


def _add_dead_letters(commands: Subparsers) -> None:
    dead = _command(
        commands,
        "dead",
        "infra.commands.dead_letters:show_all",
        help="work that was given up: look at it, try it again",
    )
    actions = dead.add_subparsers(required=True, metavar="ACTION")
    listed = _command(actions, "list", "infra.commands.dead_letters:show_all", help="list it, the newest first")
    shown = _command(actions, "show", "infra.commands.dead_letters:show", help="print all that is known of one")
    shown.add_argument("--body", type=Path, metavar="FILE", help="write its body into this file, which must be new")
    replay = _command(
        actions, "replay", "infra.commands.dead_letters:replay", help="submit it anew for its owner; prints the new ids"
    )
    drop = _command(actions, "drop", "infra.commands.dead_letters:drop", help="remove it and its body")
    for command in (shown, replay, drop):
        command.add_argument("id", nargs=None if command is shown else "+", help="the id of the task")
    for command in (listed, shown, replay, drop):
        command.add_argument("--json", action="store_true", help="as JSON")
        _add_home(command)


def _add_account(users: Subparsers, action: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
    command = _command(users, action, f"infra.commands.users:{action}", help=help)
    command.add_argument("name")
    _add_home(command)
    return command


def _command(commands: Subparsers, name: str, run: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
    command = commands.add_parser(name, help=help, description=help[0].upper() + help[1:] + ".")
    command.set_defaults(run=run)
    return command


def _add_home(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--home",
        type=Path,
        default=os.environ.get(HOME, DEFAULT_HOME),
        metavar="DIR",
        help="the folder of the service; default: %(default)s",
    )


def _add_scope(command: argparse.ArgumentParser, *, default_help: str) -> None:
    command.add_argument(
        "--scope",
        action="append",
        dest="scopes",
        metavar="SCOPE",
        help=f"{SCOPE_HELP}; default: {default_help}",
    )


if __name__ == "__main__":
    sys.exit(main())
