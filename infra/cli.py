"""The command line: `mlservice COMMAND`. Each command's code is imported when it is used."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from infra.arguments.accounts import add_accounts, add_credentials
from infra.arguments.calling import add_calling, add_completion, add_server
from infra.arguments.common import add_home, command
from infra.arguments.keeping import add_keeping
from infra.arguments.projects import add_projects
from infra.arguments.running import add_dead_letters, add_import, add_models, add_running, add_sources
from infra.arguments.serving import add_demo, add_processes, add_up
from infra.arguments.webhooks import add_webhooks
from infra.host.release import ShowRelease
from tasks.errors import ServiceError
from tasks.telemetry.logs import is_written

log = logging.getLogger(__name__)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status. What goes wrong is said in one line."""
    top = parser()
    args = top.parse_args(argv, argparse.Namespace(parser=top))
    run_by = getattr(args, "remote", "") if args.server else args.run
    if not run_by:
        top.error("this command is about a home of this machine, and knows no --server")
    module, _, function = run_by.partition(":")
    try:
        run: Callable[[argparse.Namespace], int] = getattr(import_module(module), function)
        return run(args)
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
    top.add_argument("--version", action=ShowRelease)
    add_server(top)
    commands = top.add_subparsers(required=True, metavar="COMMAND")

    add_up(commands)
    add_demo(commands)
    add_calling(commands)
    add_running(commands)
    add_keeping(commands)
    add_processes(commands)
    add_accounts(commands)
    env = command(
        commands, "env", "infra.commands.environment:show", help="print what a shell needs to call it from Python"
    )
    add_home(env)
    acl = command(
        commands, "redis-users", "infra.redis_server.place:show_users", help="print the ACL file for your own Redis"
    )
    add_home(acl)
    add_credentials(commands)
    add_dead_letters(commands)
    add_models(commands)
    add_sources(commands)
    add_webhooks(commands)
    add_import(commands)
    add_projects(commands)
    settings = command(commands, "settings", "infra.commands.settings:run", help="list all settings")
    settings.add_argument("--home", type=Path, metavar="DIR", help="as the running service of this folder has them")
    settings.add_argument("--json", action="store_true", help="as one JSON array; with --home")
    add_completion(commands)
    return top


if __name__ == "__main__":
    sys.exit(main())
