"""The commands about accounts, tokens and keys."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final

from infra.arguments.common import SCOPE_HELP, add_home, add_scope, command

if TYPE_CHECKING:
    from infra.arguments.common import Subparsers

#: What is said of --password-stdin.
PASSWORD_HELP: Final = "the password is one line on standard input"
#: What an account's quota may say.
LIMITS: Final = ("requests-per-second", "bytes-per-second", "rows-per-second", "queued-items")


def add_accounts(commands: Subparsers) -> None:
    """`user` and its actions."""
    user = command(commands, "user", "infra.commands.users:show", help="accounts, and what they may do")
    users = user.add_subparsers(required=True, metavar="ACTION")
    add = _add_account(users, "add", help="add an account")
    add_scope(add, default_help="all")
    how = add.add_mutually_exclusive_group(required=True)
    how.add_argument("--password-stdin", action="store_true", help=PASSWORD_HELP)
    how.add_argument("--first", action="store_true", help="the same, and do nothing if there is an account already")
    how.add_argument("--no-password", action="store_true", help="for a caller of the outside issuer, oidc:NAME")
    listed = command(users, "list", "infra.commands.users:show", help="list the accounts")
    listed.add_argument("--json", action="store_true", help="as one JSON array")
    add_home(listed)
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


def add_credentials(commands: Subparsers) -> None:
    """`token` and `keys`."""
    token = command(
        commands, "token", "infra.commands.credentials:token", help="print a token for an account, or revoke one"
    )
    token.add_argument("name", nargs="?")
    token.add_argument(
        "--revoke", metavar="TOKEN", help="refuse this token, or the one with this id, from now on; -: standard input"
    )
    add_scope(token, default_help="the account's")
    add_home(token)

    link = command(commands, "link", "infra.commands.link:show", help="print an address that signs a browser in, once")
    link.add_argument("name", nargs="?", default="admin", help="the account; admin if none is named")
    add_home(link)

    keys = command(commands, "keys", "infra.commands.credentials:keys", help="the keys that sign tokens")
    actions = keys.add_subparsers(required=True, metavar="ACTION")
    add_home(command(actions, "list", "infra.commands.credentials:keys", help="list the keys that are honoured"))
    rotate = command(actions, "rotate", "infra.commands.credentials:rotate", help="sign with a new key from now on")
    rotate.add_argument("--at-once", action="store_true", help="end the other keys, and so all tokens, now")
    add_home(rotate)


def _add_account(users: Subparsers, action: str, *, help: str) -> argparse.ArgumentParser:  # noqa: A002
    made = command(users, action, f"infra.commands.users:{action}", help=help)
    made.add_argument("name")
    add_home(made)
    return made
