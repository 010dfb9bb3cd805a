"""The commands about webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.arguments.common import add_home, command

if TYPE_CHECKING:
    from infra.arguments.common import Subparsers

#: Where the actions are.
MODULE = "infra.commands.webhooks"


def add_webhooks(commands: Subparsers) -> None:
    """`webhooks` and its actions."""
    webhooks = command(commands, "webhooks", f"{MODULE}:show_all", help="who is told what happens, and what came of it")
    actions = webhooks.add_subparsers(required=True, metavar="ACTION")
    listed = command(actions, "list", f"{MODULE}:show_all", help="list the webhooks of all accounts")
    add = command(actions, "add", f"{MODULE}:add", help="have a URL told; prints its id and its secret, this once")
    add.add_argument("url", metavar="URL")
    add.add_argument("--account", required=True, metavar="NAME", help="whose it is")
    add.add_argument("--event", action="append", default=[], metavar="TYPE", help="such as task.failed; several times")
    add.add_argument("--kind", action="append", default=[], metavar="KIND", help="of tasks; default: init and train")
    add.add_argument("--model", action="append", default=[], metavar="MODEL", help="default: all models")
    add.add_argument("--description", default="", metavar="TEXT")
    shown = command(actions, "show", f"{MODULE}:show", help="print all that is known of one")
    rotate = command(actions, "rotate", f"{MODULE}:rotate", help="sign with a new secret, and print it this once")
    rotate.add_argument("--at-once", action="store_true", help="end the one before now, and not in a day")
    ping = command(actions, "ping", f"{MODULE}:ping", help="send a message that says nothing; prints its id")
    enable = command(actions, "enable", f"{MODULE}:enable", help="have one go on that has ended or waits")
    disable = command(actions, "disable", f"{MODULE}:disable", help="have one wait")
    remove = command(actions, "remove", f"{MODULE}:remove", help="remove one, with what waits for it")
    log = command(actions, "deliveries", f"{MODULE}:deliveries", help="what became of its messages, the newest first")
    log.add_argument("--state", choices=("pending", "delivered", "failed"), help="only those that are so far")
    replay = command(actions, "replay", f"{MODULE}:replay", help="send messages again; prints their ids")
    for action in (shown, rotate, ping, enable, disable, remove, log, replay):
        action.add_argument("id", metavar="ID", help="the id of the webhook")
    replay.add_argument("message", nargs="*", metavar="MESSAGE", help="the id of a message; default: all that failed")
    for action in (listed, shown, log):
        action.add_argument("--json", action="store_true", help="as JSON")
    for action in (listed, add, shown, rotate, ping, enable, disable, remove, log, replay):
        add_home(action)
